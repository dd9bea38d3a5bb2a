"""The forms of limits: four windows, and caps of single members, projects and kinds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, cast

from django import forms
from django.forms import BoundField
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from billing import caps, threshold_forms
from core.forms import DollarsField, dollars
from core.ui.money import usd
from teams.permissions import Action, who_may
from wallets.limits import KIND, MEMBER, MOST_CAPS, PROJECT, Amounts, Cap, Limits, Money, out_of_order
from wallets.policies import DEFAULT_PER_DAY_MICROS, DEFAULT_PER_PAYMENT_MICROS

FIELDS = {"payment": "per_payment", "day": "per_day", "week": "per_week", "month": "per_month"}


class LimitsMixin(forms.Form):
    """The four windows of a wallet. The longer two may stay empty: no limit of their own."""

    per_payment = DollarsField(
        label=gettext_lazy("At most per payment"), initial=dollars(DEFAULT_PER_PAYMENT_MICROS)
    )
    per_day = DollarsField(label=gettext_lazy("In 24 hours"), initial=dollars(DEFAULT_PER_DAY_MICROS))
    per_week = DollarsField(
        label=gettext_lazy("In 7 days"), required=False, help_text=gettext_lazy("Empty: no limit of its own.")
    )
    per_month = DollarsField(
        label=gettext_lazy("In 30 days"),
        required=False,
        help_text=gettext_lazy("Empty: no limit of its own."),
    )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if shorter := out_of_order(self._amounts(cleaned)):
            names = list(FIELDS)
            longer = next(
                name for name in names[names.index(shorter) + 1 :] if cleaned.get(FIELDS[name]) is not None
            )
            self.add_error(
                FIELDS[shorter], _OUT_OF_ORDER[longer] if shorter == "payment" else _LESS_IN_A_LONGER
            )
        return cleaned

    def _amounts(self, cleaned: dict[str, Any]) -> Amounts:
        """Return what was typed; a field that was refused already stands for nothing and no limit."""
        one, day, week, month = (cleaned.get(field) for field in FIELDS.values())
        return Amounts(one or 0, cast(int, day), week, month)

    @property
    def limits(self) -> Limits:
        """The limits, once they are valid."""
        one, day, week, month = (self.cleaned_data[field] for field in FIELDS.values())
        return Limits(one, day, per_week_micros=week, per_month_micros=month)


_OUT_OF_ORDER = {
    "day": gettext_lazy("A single payment cannot be above the limit of 24 hours."),
    "week": gettext_lazy("A single payment cannot be above the limit of 7 days."),
    "month": gettext_lazy("A single payment cannot be above the limit of 30 days."),
}
_LESS_IN_A_LONGER = gettext_lazy("A shorter time cannot allow more than a longer one.")


class ChangeLimitsForm(LimitsMixin):
    """New limits of one kind of money; above the present ones only for who may raise them, which a passkey confirms.

    Each cap that there is has a field, and emptying it takes the cap away. One more can be added at a time.
    """

    about = forms.ChoiceField(label=gettext_lazy("One more, for"), required=False)
    window = forms.ChoiceField(label=gettext_lazy("Time"), required=False)
    amount = DollarsField(label=gettext_lazy("At most"), required=False)

    def __init__(
        self,
        data: Any = None,
        *,
        now: Limits,
        names: caps.Names,
        may_raise: bool,
        money: Money = "test",
        wallet_name: str = "",
    ) -> None:
        self.now, self.money, self.may_raise, self.wallet_name = now, money, may_raise, wallet_name
        self.own = tuple(cap for cap in now.caps if cap.money == money)
        present = {field: self._present(window) for window, field in FIELDS.items()}
        initial = {name: dollars(cap.micros) for name, cap in present.items() if cap}
        super().__init__(data, initial=initial | {"window": "day"})
        self._most = {name: cap for name, cap in present.items() if cap}
        for name, field in self.fields.items():
            field.initial = initial.get(
                name, field.initial if name in ("about", "window", "amount") else None
            )
        self._add_caps(names)
        self.fields |= threshold_forms.threshold_fields(dict(now.approvals))
        if self.allows_real_money:
            self.fields["typed_name"] = forms.CharField(
                label=_("Type the wallet's name, “%(name)s”, to allow real money") % {"name": wallet_name},
                max_length=60,
                widget=forms.TextInput(attrs={"autocomplete": "off"}),
            )
        self._choices(names)

    @property
    def allows_real_money(self) -> bool:
        """These limits would be the first ones for real money."""
        return self.money == "real" and self.now.real is None

    @property
    def typed_name(self) -> BoundField | None:
        """The field in which the wallet's name is typed before real money is allowed."""
        return self["typed_name"] if "typed_name" in self.fields else None

    def _present(self, window: str) -> Cap | None:
        return next(
            (cap for cap in self.now.caps_of(self.money) if not cap.key and cap.window == window), None
        )

    def _add_caps(self, names: caps.Names) -> None:
        for cap in self.own:
            name = "_".join((cap.about, cap.key, cap.window))
            field = DollarsField(label=caps.title(replace(cap, money="test"), names), required=False)
            field.initial = dollars(cap.micros)
            self.fields[name], self._most[name] = field, cap

    def _choices(self, names: caps.Names) -> None:
        about, window = (cast(forms.ChoiceField, self.fields[name]) for name in ("about", "window"))
        groups = {KIND: _("Kinds"), MEMBER: _("Members"), PROJECT: _("Projects")}
        about.choices = [("", _("Nothing more")), *_grouped(names, groups)]
        window.choices = [(name, str(label)) for name, label in caps.WINDOWS.items()]

    @property
    def cap_fields(self) -> Iterator[BoundField]:
        """The fields of the caps that there are."""
        return (self["_".join((cap.about, cap.key, cap.window))] for cap in self.own)

    @property
    def threshold_fields(self) -> Iterator[BoundField]:
        """The fields that say above which sum a second person approves."""
        return (self[name] for name in self.fields if name.startswith("approve_"))

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        self._require_whole_addition(cleaned)
        self._require_right_to_allow(cleaned)
        if not self.may_raise:
            for name, cap in self._most.items():
                self._require_no_raise(name, cleaned.get(name), cap.micros)
            words = _("To raise it or take it away you need to be %(who)s in this team.")
            words %= {"who": who_may(Action.WALLET_RAISE)}
            threshold_forms.require_no_raise(self, dict(self.now.approvals), words)
        return cleaned

    def _require_right_to_allow(self, cleaned: dict[str, Any]) -> None:
        """Let only who may raise limits allow real money, and only for the wallet whose name they typed."""
        if not self.allows_real_money:
            return
        if not self.may_raise:
            who = {"who": who_may(Action.WALLET_RAISE)}
            self.add_error(None, _("To allow real money you need to be %(who)s in this team.") % who)
        typed = cleaned.get("typed_name", "")
        if typed and typed != self.wallet_name:
            self.add_error("typed_name", _("This is not the wallet's name."))

    def _require_whole_addition(self, cleaned: dict[str, Any]) -> None:
        about, amount = cleaned.get("about"), cleaned.get("amount")
        if about and amount is None and "amount" not in self.errors:
            self.add_error("amount", _("How much at most?"))
        if amount is not None and not about and "about" not in self.errors:
            self.add_error("about", _("Choose whom or what this limits."))
        if about and (*caps.parse(about), cleaned.get("window") or "day") in {
            (cap.about, cap.key, cap.window) for cap in self.own
        }:
            self.add_error("about", _("There is such a limit already: change it above."))
        if about and len(self.now.caps) >= MOST_CAPS:
            self.add_error("about", _("These are as many single limits as a wallet can have."))

    def _require_no_raise(self, name: str, value: int | None, most: int) -> None:
        if name not in self.errors and (value is None or value > most):
            words = _("To raise it above %(now)s you need to be %(who)s in this team.")
            self.add_error(name, words % {"now": usd(most), "who": who_may(Action.WALLET_RAISE)})

    @property
    def limits(self) -> Limits:
        """All limits of the wallet as they would be; those of the other kind of money stay as they are."""
        asked = super().limits
        others = tuple(cap for cap in self.now.caps if cap.money != self.money)
        caps_ = (*others, *self._kept())
        approvals = threshold_forms.thresholds_in(self.cleaned_data)
        if self.money == "test":
            return replace(asked, real=self.now.real, caps=caps_, approvals=approvals)
        return replace(self.now, real=asked.test, caps=caps_, approvals=approvals)

    def _kept(self) -> Iterator[Cap]:
        for name, cap in self._most.items():
            if cap.key and (micros := self.cleaned_data.get(name)) is not None:
                yield replace(cap, micros=micros)
        if about := self.cleaned_data.get("about"):
            what, key = caps.parse(about)
            yield Cap(
                what, key, self.money, self.cleaned_data["window"] or "day", self.cleaned_data["amount"]
            )


def _grouped(names: caps.Names, groups: dict[str, str]) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    for about, label in groups.items():
        options = [(f"{kind}:{key}", name) for (kind, key), name in names.items() if kind == about]
        if options:
            yield label, options
