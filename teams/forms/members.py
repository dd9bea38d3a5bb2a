"""Who is in a team, as what, and what they reach."""

from __future__ import annotations

from typing import Any, cast
from uuid import UUID

from django import forms
from django.utils.translation import gettext_lazy as _

from core.registry import scope_choices
from core.ui.choices import Choice
from teams import guards
from teams.grants import Grant
from teams.models import Membership, Role, Scope

ROLE_HINTS = {
    Role.OWNER: _("Everything: also rules, owners, keys and higher limits"),
    Role.ADMIN: _("Members, wallets, tiers, projects and deploys"),
    Role.DEVELOPER: _("Projects and deploys; pays for nothing"),
    Role.BILLING: _("Wallets, tiers and payments"),
    Role.VIEWER: _("Sees the pages, changes nothing"),
}
KIND_WORDS = {
    Scope.Kind.PROJECT: (_("Projects"), _("All projects"), _("Also those made later"), _("Only these")),
    Scope.Kind.WALLET: (_("Wallets"), _("All wallets"), _("Also those made later"), _("Only these")),
}
ALL, CHOSEN = "all", "chosen"


def role_choices(roles: list[Role]) -> list[tuple[str, Choice]]:
    """Return roles as cards with what each may do."""
    return [(role.value, Choice(str(role.label), hint=str(ROLE_HINTS[role]))) for role in roles]


class AnyOfField(forms.TypedMultipleChoiceField):
    """Some of the choices, or none of them: no question of its own, so it never reads “optional”."""

    def validate(self, value: Any) -> None:
        if value:
            super().validate(value)


class RoleForm(forms.Form):
    """Another role, among those that the actor may give."""

    role = forms.ChoiceField(label=_("Role"), widget=forms.RadioSelect)

    def __init__(self, data: Any = None, *, actor: Membership, member: Membership) -> None:
        super().__init__(data, initial={"role": member.role})
        roles = guards.roles_to_give(actor, member)
        shown = [role for role in Role if role in roles or role == member.role]
        cast(forms.ChoiceField, self.fields["role"]).choices = role_choices(shown)


class ReachForm(forms.Form):
    """All projects and wallets, or chosen ones. Somebody limited chooses among their own."""

    def __init__(self, data: Any = None, *, actor: Membership, reach: Grant, **kwargs: Any) -> None:
        initial = {**reach_initial(reach), **kwargs.pop("initial", {})}
        super().__init__(data, initial=initial, **kwargs)
        mine = Grant.of(actor)
        for kind in Scope.Kind:
            self._add(actor, kind, mine)

    def _add(self, actor: Membership, kind: Scope.Kind, mine: Grant) -> None:
        label, everything, hint, only = KIND_WORDS[kind]
        own = mine.ids_of(kind)
        choices = scope_choices.get(kind)(actor.team) if kind in scope_choices else []
        how = [(ALL, Choice(str(everything), hint=str(hint)))] if own is None else []
        self.fields[f"{kind}_reach"] = forms.ChoiceField(
            label=label, choices=[*how, (CHOSEN, Choice(str(only)))], widget=forms.RadioSelect
        )
        self.fields[f"{kind}_ids"] = AnyOfField(
            label=_("Which ones"),
            choices=[(str(pk), name) for pk, name in choices if own is None or pk in own],
            coerce=UUID,
            widget=forms.CheckboxSelectMultiple,
        )

    @property
    def reach(self) -> Grant:
        """What was chosen; after `is_valid`."""
        found = {}
        for kind in Scope.Kind:
            chosen = self.cleaned_data[f"{kind}_reach"] == CHOSEN
            found[kind] = frozenset(self.cleaned_data[f"{kind}_ids"]) if chosen else None
        return Grant(found[Scope.Kind.PROJECT], found[Scope.Kind.WALLET])

    @property
    def kinds(self) -> list[tuple[forms.BoundField, forms.BoundField]]:
        """The two fields of each kind, for the template."""
        return [(self[f"{kind}_reach"], self[f"{kind}_ids"]) for kind in Scope.Kind]


def reach_initial(reach: Grant) -> dict[str, Any]:
    """Return what the fields show for a reach."""
    initial: dict[str, Any] = {}
    for kind in Scope.Kind:
        ids = reach.ids_of(kind)
        initial[f"{kind}_reach"] = ALL if ids is None else CHOSEN
        initial[f"{kind}_ids"] = [str(one) for one in ids or ()]
    return initial


class InviteForm(ReachForm):
    """An address, its role and its reach."""

    email = forms.EmailField(label=_("E-mail"), widget=forms.EmailInput(attrs={"autocomplete": "off"}))
    role = forms.ChoiceField(label=_("Role"), widget=forms.RadioSelect)

    def __init__(self, data: Any = None, *, actor: Membership) -> None:
        super().__init__(data, actor=actor, reach=Grant.of(actor), initial={"role": Role.DEVELOPER})
        cast(forms.ChoiceField, self.fields["role"]).choices = role_choices(guards.roles_to_give(actor))


class TransferForm(forms.Form):
    """Who becomes owner, and what the present owner stays."""

    person = forms.TypedChoiceField(label=_("New owner"), coerce=UUID)
    stay_as = forms.ChoiceField(
        label=_("You stay"),
        widget=forms.RadioSelect,
        initial=Role.ADMIN,
        choices=[
            (Role.ADMIN.value, Choice(str(Role.ADMIN.label), hint=str(ROLE_HINTS[Role.ADMIN]))),
            (
                Role.OWNER.value,
                Choice(str(Role.OWNER.label), hint=str(_("The team then has one owner more"))),
            ),
        ],
    )

    def __init__(self, data: Any = None, *, members: list[Membership]) -> None:
        super().__init__(data)
        choices = [(str(each.user_id), f"{each.user.label} ({each.get_role_display()})") for each in members]
        cast(forms.ChoiceField, self.fields["person"]).choices = [("", _("Choose a member")), *choices]
