"""Choices that need more than a word: a card with a hint and, where money is meant, its network."""


class Choice(str):
    """The label of a choice: text for Django, with a `hint` and a `network` (CAIP-2) for the card.

    Use it as the label in a field's choices: `("hobby", Choice("Hobby", hint="30 days"))`.
    """

    __slots__ = ("hint", "network")

    hint: str
    network: str

    def __new__(cls, text: str, *, hint: str = "", network: str = "") -> "Choice":
        choice = super().__new__(cls, text)
        choice.hint, choice.network = hint, network
        return choice
