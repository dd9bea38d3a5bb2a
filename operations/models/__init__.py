"""Operations with their steps, requests and results, and what is known about the instance."""

from operations.models.approval import Approval
from operations.models.instance import BeatPulse, DiskUse, Trouble, WorkerPulse
from operations.models.operation import (
    ACTIVE,
    FINAL,
    MOVES,
    Operation,
    OperationEvent,
    OperationRequest,
    Reason,
    Result,
    State,
    ids,
)

__all__ = [
    "ACTIVE",
    "FINAL",
    "MOVES",
    "Approval",
    "BeatPulse",
    "DiskUse",
    "Operation",
    "OperationEvent",
    "OperationRequest",
    "Reason",
    "Result",
    "State",
    "Trouble",
    "WorkerPulse",
    "ids",
]
