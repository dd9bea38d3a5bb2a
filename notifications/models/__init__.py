"""Mails, what people were told, and the webhooks of teams."""

from notifications.models.hook import Delivery, Hook
from notifications.models.mail import Mail
from notifications.models.notice import MailRule, Notice

__all__ = ["Delivery", "Hook", "Mail", "MailRule", "Notice"]
