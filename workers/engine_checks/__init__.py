"""Run SGLang's own checks in a candidate's environment, before its server is launched or after it has stopped."""
