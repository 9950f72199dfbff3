"""The five Host Factory operations, as both faces use them: values in, values out."""
