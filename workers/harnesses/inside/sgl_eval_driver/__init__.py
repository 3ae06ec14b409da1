"""Run one of sgl-eval's benchmarks in sgl-eval's own environment and write down each answer as it is judged.

`python -m sgl_eval_driver JOB.json`, started by workers/harnesses/sgl_eval.py; imports nothing of ours. What is asked,
how it is sampled and how it is judged is all sgl-eval's: its command line's parser reads the settings, its converters
form the items, its benchmarks run. Ours are the items (from files, so that nothing is fetched), the sampler's ear
(`asking.py`) and the records (`records.py`).
"""
