"""Scroll bars that move the number of a cell, for `write`: Excel and LibreOffice have them without macros."""

from typing import Any

import xlsxwriter.packager
from xlsxwriter.vml import ButtonType, Vml

from workbook.records import ScrollBar

# A click beside the handle moves it by this part of the whole.
PAGES = 8


def add_scroll_bar(worksheet: Any, bar: ScrollBar, size: dict[str, int]) -> int:
    """Insert a bar, so many pixels wide and high; the result is XlsxWriter's status."""
    status: int = worksheet.insert_button(bar.first, size)
    worksheet.buttons_list[-1].scroll_bar = bar
    return status


class _Controls(Vml):  # type: ignore[misc] # XlsxWriter ships no types
    """The controls of a sheet. XlsxWriter knows of buttons alone, and writes a bar in the place of each."""

    def _write_button_shape(self, shape_id: int, z_index: int, button: ButtonType) -> None:
        left, top, width, height = self._pixels_to_points(button.vertices)
        style = f"margin-left:{left:g}pt;margin-top:{top:g}pt;width:{width:g}pt;height:{height:g}pt"
        shape = {
            "id": f"_x0000_s{shape_id}",
            "type": "#_x0000_t201",
            "style": f"position:absolute;{style};z-index:{z_index}",
            "stroked": "f",
            "o:insetmode": "auto",
        }
        self._xml_start_tag("v:shape", list(shape.items()))
        self._write_rotation_lock()
        self._xml_start_tag("x:ClientData", [("ObjectType", "Scroll")])
        self._write_anchor(button.vertices)
        self._write_print_object()
        bar = button.scroll_bar
        numbers = {"Val": 1, "Min": 1, "Max": bar.most, "Inc": 1, "Page": max(1, bar.most // PAGES), "Dx": 16}
        for name, value in {"FmlaLink": bar.cell, **numbers}.items():
            self._xml_data_element(f"x:{name}", value)
        self._xml_empty_tag("x:Horiz")
        self._xml_end_tag("x:ClientData")
        self._xml_end_tag("v:shape")


xlsxwriter.packager.Vml = _Controls
