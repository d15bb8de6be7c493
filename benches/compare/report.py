def text(result): return ""
