#!/usr/bin/env bash
# Submit the demo model and print the verdict as it would stand in a pull request; with --regression, let the
# submission bring damaged model code. Starts the service when none runs, and leaves it running for the dashboard.
set -euo pipefail

root="$(cd "$(dirname "$0")/.." && pwd)"
plumbline="$root/.venv/bin/plumbline"
cd "$root"
export PLUMBLINE_EXTERNAL_CODE_ROOTS="${PLUMBLINE_EXTERNAL_CODE_ROOTS:-$root/demo}"

submission=(--model demo/demo-llm --engine sglang --baseline hf --suite demo --wait)
expected=0
if [[ "${1:-}" == --regression ]]; then
  submission+=(--external-package demo/damaged_model --architectures SlightlyDamagedLlama)
  expected=1
else
  submission+=(--no-cache)  # the demo shows both engines at work, also the second time
fi

log="$(mktemp)"
trap 'rm -f "$log"' EXIT
if ! "$plumbline" up --detach 2>"$log"; then
  grep -q "already runs" "$log" || { cat "$log" >&2; exit 1; }
  echo "using the service that runs already"
fi

status=0
"$plumbline" submit "${submission[@]}" | tee "$log" || status=${PIPESTATUS[0]}
run="$(awk '/^Run / { print $2; exit }' "$log")"
if [[ -n "$run" ]]; then
  printf '\n---- the comment on the pull request ----\n\n'
  "$plumbline" report "$run" --markdown
  page="$(awk '/^Page: / { print $2; exit }' "$log")"
  printf '\n---- end of the comment ----\n\nThe report as a page: %s\n' "$page"
  if [[ "$expected" -eq 0 && "$status" -eq 0 ]]; then
    "$plumbline" baselines promote "$run" --reason "the demo passed" >/dev/null
    "$plumbline" submit --model demo/demo-llm --engine sglang --baseline hf --suite demo-mmlu >/dev/null
    echo "It is the baseline of its lineage now, and a second suite (demo-mmlu) has begun: watch it on the dashboard."
  fi
  echo "The dashboard:        ${page%/runs/*}/"
  echo "The service keeps running for it; \`make down\` stops it."
fi
if [[ "$status" -ne "$expected" ]]; then
  echo "the demo ended with status $status instead of $expected" >&2
  exit 1
fi
if [[ "$expected" -eq 1 ]]; then
  echo "FAIL is what this demo expects: the damaged model was caught."
fi
