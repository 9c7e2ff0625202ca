"""Settings of a machine: the file before central before the default."""

from benchrace.config.machine_settings import (
    NAMES,
    AfterRun,
    MachineSettings,
    SettingsInUse,
    Source,
    combined,
    of_values,
    source,
)


def test_every_setting_has_a_default() -> None:
    assert SettingsInUse.__struct_fields__ == NAMES


def test_the_file_wins_over_central_and_central_over_the_default() -> None:
    local = MachineSettings(keep_jobs=5, sampling_s=0)
    central = MachineSettings(keep_jobs=9, sampling_s=2, after_run=AfterRun.STOP)
    used = combined(SettingsInUse(), local, central)
    assert (used.keep_jobs, used.sampling_s, used.after_run) == (5, 0, AfterRun.STOP)
    assert used.heartbeat_interval_s == SettingsInUse().heartbeat_interval_s
    assert source("sampling_s", local, central) is Source.FILE
    assert source("after_run", local, central) is Source.CENTRAL
    assert source("keep_days", local, central) is Source.DEFAULT


def test_what_a_newer_central_wants_is_ignored_one_by_one() -> None:
    settings, ignored = of_values({"keep_jobs": 7, "keep_days": -1, "colour": "red"})
    assert settings == MachineSettings(keep_jobs=7)
    assert ignored["colour"] == "this agent does not have this setting"
    assert "keep_days" in ignored["keep_days"]
