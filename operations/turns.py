"""Whose turn it is, and who stands at the front of each lane: read without walking along the line.

A line of a hundred thousand rows is claimed from as fast as one of a thousand. So these statements jump: from one team
that has rows in the queue to the next one, and from one lane to the next one, each jump one step in an index
(`operation_line`, `operation_lanes`). Django's query builder has no recursion, hence SQL; both databases understand it.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db import connection
from django.db.models import UUIDField

#: Those with little under way first, then those whose last turn is longest ago, then those with the oldest row.
TEAMS = """
WITH RECURSIVE line(team) AS (
  SELECT (SELECT team_id FROM operations_operation
           WHERE state = 'queued' AND queue = %(queue)s
           ORDER BY team_id LIMIT 1)
  UNION ALL
  SELECT (SELECT team_id FROM operations_operation
           WHERE state = 'queued' AND queue = %(queue)s AND team_id > line.team
           ORDER BY team_id LIMIT 1)
    FROM line WHERE line.team IS NOT NULL
)
SELECT team,
  (SELECT created_at FROM operations_operation
    WHERE state = 'queued' AND queue = %(queue)s AND team_id = line.team AND not_before <= %(now)s
    ORDER BY created_at LIMIT 1) AS oldest,
  (SELECT COUNT(*) FROM operations_operation
    WHERE state = 'running' AND team_id = line.team) AS under_way,
  (SELECT started_at FROM operations_operation
    WHERE team_id = line.team AND started_at IS NOT NULL
    ORDER BY started_at DESC LIMIT 1) AS last_turn
FROM line WHERE team IS NOT NULL
ORDER BY under_way, last_turn NULLS FIRST, oldest
"""

HEADS = """
WITH RECURSIVE lanes(name) AS (
  SELECT (SELECT lane FROM operations_operation
           WHERE state = 'queued' AND queue = %(queue)s AND team_id = %(team)s AND lane > ''
           ORDER BY lane LIMIT 1)
  UNION ALL
  SELECT (SELECT lane FROM operations_operation
           WHERE state = 'queued' AND queue = %(queue)s AND team_id = %(team)s AND lane > lanes.name
           ORDER BY lane LIMIT 1)
    FROM lanes WHERE lanes.name IS NOT NULL
)
SELECT (SELECT id FROM operations_operation
         WHERE state = 'queued' AND queue = %(queue)s AND team_id = %(team)s AND lane = lanes.name
         ORDER BY created_at LIMIT 1)
FROM lanes WHERE name IS NOT NULL
"""


def teams(queue: str, now: datetime) -> list[UUID]:
    """Return the teams with due rows in the queue, in the order in which they get their turn."""
    values = {"queue": queue, "now": connection.ops.adapt_datetimefield_value(now)}
    with connection.cursor() as cursor:
        cursor.execute(TEAMS, values)
        return [UUID(str(team)) for team, oldest, *_ in cursor.fetchall() if oldest]


def heads(queue: str, team: UUID) -> list[UUID]:
    """Return the ids of the team's rows that are first in the lanes of the queue."""
    values = {"queue": queue, "team": UUIDField().get_db_prep_value(team, connection)}
    with connection.cursor() as cursor:
        cursor.execute(HEADS, values)
        return [UUID(str(head)) for (head,) in cursor.fetchall() if head]
