"""SGLang's own checks as workloads: what they can be told, what their output means, and how they decide a run."""
