"""Programs that Ferrule starts: what they are given, and how one that listens proves that it is ours."""
