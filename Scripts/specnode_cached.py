"""Runs specnode.py of the testbed with one more cache of the kind that the executable specification has itself.

Until Fulu a block's proposer is found anew for each vote of the sync committee in it. From Electra on a validator of 32
ETH is chosen once in 64 draws, so that a block of mainnet's preset takes five seconds to make, and five to check. Who
proposes follows from the validators and the seed alone.

    python3 specnode_cached.py …/specnode.py ARGUMENTS OF specnode.py
"""
import importlib
import runpy
import sys


def value_of(flag, default):
    return sys.argv[sys.argv.index(flag) + 1] if flag in sys.argv else default


program = sys.argv[1]
sys.argv = sys.argv[1:]
spec = importlib.import_module(f"eth_consensus_specs.{value_of('--fork', 'fulu')}.{value_of('--preset', 'minimal')}")
if hasattr(spec, "compute_proposer_index"):
    spec.compute_proposer_index = spec.cache_this(
        lambda state, indices, seed: (state.validators.hash_tree_root(), tuple(indices), bytes(seed)),
        spec.compute_proposer_index, lru_size=256)
runpy.run_path(program, run_name="__main__")
