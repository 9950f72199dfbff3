"""The use cases as both faces use them: Host Factory's five operations, and what people ask for besides."""
