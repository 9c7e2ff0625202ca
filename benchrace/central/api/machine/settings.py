"""The settings of a machine over HTTP."""

from quart import Quart, Response, request
from quart_schema import document_request, document_response

from benchrace.api.machine.settings import (
    MachineSettingsAnswer,
    MachineSettingsChange,
    descriptions,
)
from benchrace.central.api.route_context import RouteContext
from benchrace.web import body
from benchrace.web.answer import answer


def install(app: Quart, site: RouteContext) -> None:
    """Add the routes."""

    @app.get("/api/machines/<machine_id>/settings")
    @document_response(MachineSettingsAnswer)
    async def machine_settings(machine_id: str) -> Response:
        """Return the settings that central wants for a machine, and those that its agent uses."""
        return answer(_settings_of(site, machine_id))

    @app.put("/api/machines/<machine_id>/settings")
    @document_request(MachineSettingsChange)
    @document_response(MachineSettingsAnswer)
    async def change_machine_settings(machine_id: str) -> Response:
        """Replace the settings that central wants; 409 where they have another version by now.

        The agent applies them as soon as it measures nothing.
        """
        change = await body.read(request, MachineSettingsChange)
        await site.central.set_machine_settings(machine_id, change.version, change.settings)
        return answer(_settings_of(site, machine_id))


def _settings_of(site: RouteContext, machine_id: str) -> MachineSettingsAnswer:
    fleet = site.central.fleet
    machine = fleet.get(machine_id)
    wanted, report = fleet.settings.get(machine_id), machine.settings_report
    return MachineSettingsAnswer(
        machine_id=machine_id,
        version=wanted.version,
        wanted=wanted.settings,
        applied=report is not None and report.version == wanted.version,
        agent=report,
        reason=machine.why_no_settings,
        descriptions=descriptions(),
    )
