"""A verdict in words: for the terminal, and as rows for the site's status page."""

from __future__ import annotations

from expectations.verdict import CheckResult, Verdict

_HEADLINES = {
    "passed": "passed",
    "passed_with_warnings": "passed with warnings: published with a banner",
    "refused": "refused: the last good release stays",
}


def failure_line(result: CheckResult) -> str:
    """One line on one failed check: what, what was seen, the bound, who owns it."""
    kind = "crashed" if result.status == "crashed" else result.severity
    return (
        f"{kind}: {result.check_id}: seen {result.seen}; bound: {result.bound}; owner: {result.owner or '-'}"
    )


def rows(verdict: Verdict) -> list[dict[str, str | int]]:
    """One row per check, failures first: what it is, what was seen, the bound, the owner, what to do."""
    failed = verdict.failures
    passed = [result for result in verdict.results if result.status == "passed"]
    return [
        {
            "check": result.check_id,
            "asset": result.asset,
            "severity": result.severity,
            "status": result.status,
            "description": result.description,
            "seen": result.seen,
            "bound": result.bound,
            "owner": result.owner,
            "rows": result.rows,
            "examples": "; ".join(result.examples),
            "what_to_do": what_to_do(result),
        }
        for result in (*failed, *passed)
    ]


def text(verdict: Verdict) -> str:
    """The verdict as plain text: the decision, then each failure with its examples and what to do."""
    counts = {
        status: sum(r.status == status for r in verdict.results) for status in ("passed", "failed", "crashed")
    }
    lines = [
        f"Verdict {verdict.verdict_id} on build {verdict.build_id}: {_HEADLINES[verdict.status]}",
        f"{counts['passed']} checks passed, {counts['failed']} failed, {counts['crashed']} crashed "
        f"({verdict.created_at.isoformat()}, code {verdict.code_version})",
    ]
    for result in verdict.failures:
        lines += ["", failure_line(result), f"  {result.description} ({result.asset})"]
        lines += [f"  at {example}" for example in result.examples]
        if result.rows > len(result.examples) > 0:
            lines.append(f"  and {result.rows - len(result.examples):,} more")
        lines.append(f"  {what_to_do(result)}")
    return "\n".join(lines) + "\n"


def what_to_do(result: CheckResult) -> str:
    """The next step for whoever reads the result."""
    owner = result.owner or "the maintainers"
    if result.status == "passed":
        return "Nothing."
    if result.status == "crashed":
        return (
            "The check could not run, so nothing is published: "
            f"compare {result.asset} with its contract, then run again."
        )
    if result.severity == "critical":
        return (
            "Nothing is published until this is put right: "
            f"ask {owner}, correct the source or the model, run again."
        )
    if result.severity == "warning":
        return f"Published with a banner: {owner} to confirm or correct it before the next release."
    return f"Recorded: {owner} may want to look."
