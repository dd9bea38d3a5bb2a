"""What the pages of projects show, as values."""

from projects.pages.detail import DetailPage, Mirror, NewPage, detail_page, mirror, new_page
from projects.pages.listing import ListPage, Row, Usage, host_of, list_page

__all__ = [
    "DetailPage",
    "ListPage",
    "Mirror",
    "NewPage",
    "Row",
    "Usage",
    "detail_page",
    "host_of",
    "list_page",
    "mirror",
    "new_page",
]
