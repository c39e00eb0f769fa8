"""The exception tree: every error is classed by who must act, and knows its machine-readable code.

StyleArenaError
├── ParticipantError   the entry, or the command line: its author mends it; text shown to them
├── OrganiserError     a dataset, pictures or a competition's settings: its organiser mends it
├── RetryLater         nothing is wrong: the same call works later (lease lost, shutting down)
└── PlatformFault      ours: retried, refunded, an operator is told, never charged to anyone
"""

__all__ = ["OrganiserError", "ParticipantError", "PlatformFault", "RetryLater", "StyleArenaError"]


class StyleArenaError(Exception):
    """An expected error with a machine-readable ``code`` (dotted) and one clear sentence."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(code, message)
        self.code = code
        self.message = message

    def __str__(self) -> str:
        return self.message


class ParticipantError(StyleArenaError):
    """The entry or the command is at fault; the sentence is shown to its author as it stands."""


class OrganiserError(StyleArenaError):
    """A picture, dataset or competition setting is at fault; the sentence is for its owner."""


class RetryLater(StyleArenaError):
    """The work was interrupted through nobody's fault and can simply be done again."""


class PlatformFault(StyleArenaError):
    """The machine, the weights or the platform failed; never charged to a participant."""
