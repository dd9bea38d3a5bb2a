"""Argon2 with the parameters OWASP names first: 19 MiB, two passes, one lane. Django's default takes 100 MB a login."""

from django.contrib.auth.hashers import Argon2PasswordHasher


class PanelArgon2Hasher(Argon2PasswordHasher):
    """Argon2id at m=19456, t=2, p=1."""

    time_cost = 2
    memory_cost = 19456
    parallelism = 1
