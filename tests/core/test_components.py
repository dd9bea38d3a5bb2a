"""The component tags, as pages use them."""

from __future__ import annotations

import re
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from django import forms
from django.core.paginator import Paginator
from django.template import engines
from django.test import Client, RequestFactory
from django.utils import timezone

from core.templatetags.panel_forms import field_kind
from core.ui.choices import Choice


def draw(source: str, **context: Any) -> str:
    """Render a template of one request and return it on one line."""
    template = engines["django"].from_string(source)
    html = template.render(context, RequestFactory().get("/things", context.pop("query", {})))
    return " ".join(html.split())


class Sample(forms.Form):
    name = forms.CharField(label="Name", help_text="Short")
    note = forms.CharField(required=False, widget=forms.Textarea)
    agree = forms.BooleanField(label="Agree", help_text="Once")
    size = forms.ChoiceField(
        widget=forms.RadioSelect, choices=[("s", Choice("Small", hint="5 GB", network="test"))]
    )
    parts = forms.MultipleChoiceField(widget=forms.CheckboxSelectMultiple, choices=[("a", "A")])
    site = forms.FileField()
    token = forms.CharField(widget=forms.HiddenInput)


def test_icon_is_hidden_unless_it_has_a_label() -> None:
    assert draw('{% icon "rocket" %}') == (
        '<svg class="icon" aria-hidden="true"><use href="/static/icons.svg#rocket"/></svg>'
    )
    assert 'role="img" aria-label="Deploy"' in draw('{% icon "rocket" label="Deploy" %}')


def test_every_icon_in_templates_is_in_the_sprite(icon_names: set[str], used_icons: set[str]) -> None:
    assert used_icons - icon_names == set()


@pytest.mark.parametrize(
    ("state", "reason", "phase", "word", "tone"),
    [
        ("queued", "", "", "Queued", "idle"),
        ("running", "", "", "Running", "running"),
        ("running", "", "upload", "Uploading", "running"),
        ("waiting", "approval", "", "Waits for approval", "warn"),
        ("waiting", "confirmation", "plan", "Waits for you", "warn"),
        ("waiting", "funds", "", "Waits for funds", "warn"),
        ("waiting", "checkout", "", "Waits for checkout", "warn"),
        ("waiting", "review", "", "Outcome unknown", "idle"),
        ("succeeded", "", "activate", "Succeeded", "ok"),
        ("failed", "", "", "Failed", "bad"),
        ("cancelled", "", "", "Cancelled", "idle"),
        ("new-in-2030", "", "", "Unknown", "idle"),
    ],
)
def test_operation_says_its_state(state: str, reason: str, phase: str, word: str, tone: str) -> None:
    html = draw("{% operation_status op %}", op=SimpleNamespace(state=state, reason=reason, phase=phase))
    assert html.startswith(f'<span class="status {tone}">')
    assert html.endswith(f"</svg>{word}</span>")


def test_money_carries_its_stamp_and_exact_micros() -> None:
    assert draw('{% money 30000 "eip155:84532" %}') == (
        '<span class="money test" title="30000 micro-USD">$0.03 <span class="net test">Test</span></span>'
    )


def test_real_money_says_real() -> None:
    assert '<span class="net real">Real</span>' in draw('{% money 30000 "eip155:8453" %}')


def test_unread_balance_is_not_zero() -> None:
    assert draw("{% money None %}") == '<span class="quiet">not known yet</span>'


def test_price_on_a_button_is_exact() -> None:
    assert "$1.234567" in draw('{% cost 1234567 "test" %}')
    assert draw("{% cost 0 %}") == '<span class="cost">Free</span>'


def test_ticket_says_what_kind_of_money_moves() -> None:
    html = draw('{% ticket "Hobby" 5000000 "eip155:8453" %}<p>foot</p>{% endticket %}')
    assert html.startswith('<section class="ticket real" aria-label="Hobby">')
    assert "Real money" in html
    assert "<p>foot</p>" in html


def test_id_is_copied_whole() -> None:
    html = draw("{% mono value %}", value="tr_0a9f4410b2c877d1")
    assert 'data-copy="tr_0a9f4410b2c877d1"' in html
    assert ">tr_0a9f…77d1<" in html


def test_markup_in_values_is_escaped() -> None:
    evil = '"><script>alert(1)</script>'
    for source in (
        "{% mono value %}",
        "{% person value %}",
        '{% status "ok" value %}',
        '{% callout "warn" value %}{{ value }}{% endcallout %}',
        "{% error_box error %}",
        "{% crumb value value %}",
        "{% live value 100 %}",
    ):
        assert "<script>" not in draw(source, value=evil, error={"message": evil, "code": evil})


def test_time_is_relative_and_exact_on_hover() -> None:
    moment = timezone.now() - timedelta(hours=3)
    html = draw("{% ago moment %}", moment=moment)
    assert f'datetime="{moment.isoformat()}"' in html
    assert html.endswith("data-relative>3 h ago</time>")
    assert draw("{% ago None %}") == '<span class="quiet">never</span>'


def test_meter_writes_its_share_as_attribute() -> None:
    assert '<rect class="used" x="0%" width="25%" height="100%"/>' in draw("{% meter 1 4 %}")
    assert '<rect class="near"' in draw("{% meter 9 10 %}")
    assert '<rect class="over" x="90%" width="10%" height="100%"/>' in draw("{% meter 9 10 adds=2 %}")


def test_used_shows_the_figure_its_limit_and_a_bar_where_there_is_one() -> None:
    html = draw('{% used 90000 100000 "API calls" %}')
    assert html.startswith('<span title="90,000 of 100,000">90,000</span><svg class="meter"')
    assert 'aria-label="API calls: 90.0 percent"' in html
    assert draw('{% used 8200 None "Storage" as_bytes=True %}') == '<span title="8.2 KB">8.2 KB</span>'
    assert draw('{% used None 5 "Storage" %}') == '<span class="quiet">not read</span>'


def test_lease_counts_down_and_shows_how_much_is_used() -> None:
    now = timezone.now()
    end, start = now + timedelta(days=3, hours=4, minutes=1), now - timedelta(days=1)
    html = draw("{% lease_left end start %}", end=end, start=start)
    assert re.search(r'<span data-left="2736\d\d">3 d 4 h</span> left</time>', html)
    assert re.search(r'<rect class="used" x="0%" width="24%"', html)
    assert "<svg" not in draw("{% lease_left end %}", end=end)
    assert draw("{% lease_left end %}", end=None) == ""
    over = draw("{% lease_left end start %}", end=now - timedelta(hours=3), start=start)
    assert over.startswith('<span class="lease">ended <time')
    assert "3 h ago" in over


def test_a_card_has_a_stamp_of_its_own_in_the_colour_of_its_money() -> None:
    assert draw('{% stamp "card" %}') == '<span class="net real">Card</span>'
    assert draw('{% stamp "card:test" long=True %}') == '<span class="net test">Play card</span>'
    assert draw('{% cost 5000000 "card" %}') == (
        '<span class="cost">$5.00 <span class="net real">Card</span></span>'
    )


def test_fragment_with_a_delay_polls_and_a_final_one_does_not() -> None:
    assert draw('{% live "/state" 250 %}') == (
        'hx-get="/state" hx-trigger="poll" hx-swap="outerHTML" data-poll="250"'
    )
    assert draw('{% live "/state" 0 %}') == ""


def test_pages_keep_the_other_parameters() -> None:
    page = Paginator(range(128), 25).page(2)
    html = draw("{% pages page %}", page=page, query={"q": "oban", "page": "2"})
    assert "26 to 50 of 128" in html
    assert 'href="?q=oban&amp;page=1"' in html
    assert 'href="?q=oban&amp;page=3"' in html


def test_error_box_says_whether_to_repeat() -> None:
    html = draw(
        "{% error_box error %}",
        error={"message": "Broke.", "safe_to_retry": False, "mutation_state": "unknown"},
    )
    assert "Do not repeat it." in html
    assert "Not known yet whether the change is in effect." in html


def test_error_box_copies_the_trace() -> None:
    assert 'data-copy="trc_1"' in draw("{% error_box error %}", error={"message": "No.", "trace_id": "trc_1"})


def test_error_is_tied_to_its_field() -> None:
    html = draw("{% field form.name %}", form=Sample({}))
    assert 'aria-invalid="true"' in html
    assert 'aria-describedby="id_name_helptext id_name_error"' in html
    assert 'id="id_name_error"' in html
    assert 'id="id_name_helptext"' in html


def test_affix_stands_inside_the_edge() -> None:
    html = draw('{% field form.name before="$" %}', form=Sample())
    assert '<span class="input"> <span class="affix">$</span> <input type="text" name="name"' in html


def test_each_widget_has_its_look() -> None:
    kinds = {bound.name: field_kind(bound) for bound in Sample()}
    assert kinds == {
        "name": "input",
        "note": "input",
        "agree": "check",
        "size": "choices",
        "parts": "checks",
        "site": "file",
        "token": "hidden",
    }


def test_choice_shows_hint_and_stamp() -> None:
    html = draw("{% field form.size %}", form=Sample())
    assert "<fieldset" in html
    assert '<span class="hint">5 GB</span>' in html
    assert '<span class="net test">Test</span>' in html


def test_equal_command_quotes_its_values_and_can_be_copied() -> None:
    html = draw(
        '{% cli "run402 secrets set {} --stdin" name then="run402 status" base=url note="Never the value." %}',
        name="it's <b>",
        url="http://localhost:4020",
    )
    lines = (
        "export RUN402_API_BASE=http://localhost:4020 "
        "run402 secrets set &#x27;it&#x27;&quot;&#x27;&quot;&#x27;s &lt;b&gt;&#x27; --stdin run402 status"
    )
    assert f"<code>{lines}</code>" in html
    assert f'data-copy="{lines}"' in html
    assert '<span class="quiet grow">Never the value.</span>' in html


def test_equal_command_names_no_gateway_where_the_cli_asks_it_anyway() -> None:
    html = draw('{% cli "run402 projects list" base="https://api.run402.com" %}')
    assert "<code>run402 projects list</code>" in html


def test_whole_form_is_drawn_with_the_same_fields() -> None:
    form = Sample({})
    form.add_error(None, "Both at once is not possible.")
    html = draw("{{ form }}", form=form)
    assert 'role="alert"' in html
    assert html.count('class="field"') == 6
    assert html.count('name="token"') == 1


def test_style_guide_shows_every_component(client: Client) -> None:
    page = client.get("/styleguide").content.decode()
    assert [
        name for name in ("ticket test", "callout bad", "empty", "dropzone", "choices") if name not in page
    ] == []


def test_no_template_has_inline_code(template_sources: dict[str, str]) -> None:
    inline = ("style=", "<style", "onclick=", "onsubmit=", "onchange=", "hx-on", "<script>")
    found = {name: mark for name, text in template_sources.items() for mark in inline if mark in text}
    assert found == {}
