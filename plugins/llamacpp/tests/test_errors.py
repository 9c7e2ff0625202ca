"""What a user can do about an error names keys that the table `llamacpp` has."""

import re

import pytest

from benchrace.plugin import Category
from benchrace_llamacpp.config import LlamaCppConfig
from benchrace_llamacpp.errors import REMEDIES, refusal


@pytest.mark.parametrize(
    ("status", "category"), [(401, Category.VALIDATION), (404, Category.UNREACHABLE)]
)
def test_remedies_name_keys_of_the_table(status: int, category: Category) -> None:
    error = refusal(status, '{"error": {"message": "no"}}')
    assert error.category is category
    for remedy in (error.remedy, REMEDIES.redirect):
        named = set(re.findall(r"`(\w+)`", remedy))
        assert named
        assert named <= {*LlamaCppConfig.__struct_fields__, "llamacpp"}
