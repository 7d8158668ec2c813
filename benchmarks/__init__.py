"""Speed and quality, side by side with others, as JSON and tables.

    engines      this project's engines, TensorFlow Quantum's own layer and
                 the peers (`python -m benchmarks.engines`)
    layers       the layers beside those of TensorFlow Quantum
    step_time    a training step of QFFN-BERT and its classical baselines
    load, faults a served export under rising load, and under bad clients
    references   models of `bases` beside those of `transformers`
    accuracy     QFFN-BERT beside its classical baselines, over seeds

Every figure comes from alternating turns in one run, because the times of a
shared machine drift; published results lie in `results/`.
"""
