"""An app that knows that it ends."""

from __future__ import annotations

from textual.app import App


class EndingApp(App[int]):
    """At the end widgets go one after the other, while what was asked for still arrives: an answer
    must find a whole screen, or none."""

    is_ending = False

    async def _shutdown(self) -> None:
        self.is_ending = True
        await super()._shutdown()
