"""What is measured and how it is judged; no web, no queue, no SQL, no engine code."""
