from tfq_hybrid.startup import quiet_imports  # noqa: F401
