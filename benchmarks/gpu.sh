#!/usr/bin/env bash
# What one large GPU can show within ten minutes; say it again to go on where it stopped.
#
#   benchmarks/gpu.sh            the sizes of the paper, results/gpu.json
#   benchmarks/gpu.sh --small    a trial of every part on any machine, in RUNS/gpu.json
#
# Each part has so many seconds. A run that is not finished by then is interrupted, keeps its
# checkpoint, and goes on the next time; one that is finished is left alone. Environment:
#   RUNS    the folder of the runs (runs/gpu, or runs/gpu-small)
#   DEVICE  auto, cpu, cuda or mps
#   PYTHON  the interpreter (python)
#
# It has been tried with --small on a processor only; no figure of a GPU has been measured with it.
set -uo pipefail
cd "$(dirname "$0")/.."

small=()
[ "${1:-}" = --small ] && small=(--small)
RUNS=${RUNS:-runs/gpu${small:+-small}}
DEVICE=${DEVICE:-auto}
PYTHON=${PYTHON:-python}
mkdir -p "$RUNS"

# part NAME SECONDS RECIPE [SETTING ...]: grows a run, or goes on with it.
part() {
    local name=$1 seconds=$2 folder=$RUNS/$1
    shift 2
    if "$PYTHON" -m benchmarks.gpu finished "$folder"; then
        echo "$name: finished before"
        return
    fi
    local how=("$@" --out "$folder")
    [ -e "$folder/config.toml" ] && how=(--resume "$folder")
    timeout --foreground --signal=INT --kill-after=60 "$seconds" \
        "$PYTHON" -m latebloom grok "${how[@]}" --device "$DEVICE" --quiet
    local code=$?
    case $code in
        0) echo "$name: finished" ;;
        124 | 130) echo "$name: goes on the next time" ;;
        *) echo "$name: failed with exit code $code" >&2; exit "$code" ;;
    esac
}

# The published model on the published world, with a faster optimizer than AdamW at 1e-4.
plain=(--model.n-layers 8 --model.d-model 768 --model.n-heads 12 --model.n-loops 1
    --model.feedback none --model.positions learned --model.window 0 --feed.atomic-frac 0
    --feed.every-loop false --train.steps 20000 --train.lr 1e-3 --train.eval-every 200
    --train.checkpoint-every 2000 --train.keep 2 --train.until "valid_id>=0.99")
if [ ${#small[@]} = 0 ]; then
    part plain-phi-9 110 composition-paper --world.phi 9 "${plain[@]}"
    part plain-phi-18 110 composition-paper "${plain[@]}"
    part reader 180 reader --train.until "valid_ood>=0.99"
    part comparison 50 comparison-paper
    part hidden-attributes 60 hidden-attributes-paper --train.keep 2
    seeds=256 steps=400 out=results/gpu.json
else
    few=(--model.d-model 48 --train.steps 40 --train.batch-size 32 --train.eval-every 10
        --train.checkpoint-every 10)
    part plain-phi-2 100 bloom --world.phi 2 "${few[@]}"
    part reader 100 reader "${few[@]}"
    part comparison 100 comparison "${few[@]}"
    part hidden-attributes 100 hidden-attributes "${few[@]}"
    seeds=3 steps=5 out=$RUNS/gpu.json
fi

[ -e "$RUNS/stack.json" ] || timeout --foreground 60 "$PYTHON" -m benchmarks.gpu stack "$RUNS/stack.json" \
    --runs $seeds --steps $steps --device "$DEVICE" || echo "stack: not finished; begins again" >&2
"$PYTHON" -m benchmarks.gpu record "$RUNS" "$out" --device "$DEVICE" ${small[@]+"${small[@]}"}
