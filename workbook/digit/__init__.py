"""The trained CNN as a workbook: every map, every kernel and, if wanted, every gradient in cells."""
