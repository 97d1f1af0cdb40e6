"""A drawing for each department: no picture is loaded, and no font with signs is needed."""

from __future__ import annotations

# Lines on a field of 24 by 24, by department code.
DRAWINGS = {
    "Beauty & Care": '<path d="M9 9h6a2 2 0 0 1 2 2v8a2 2 0 0 1-2 2H9a2 2 0 0 1-2-2v-8a2 2 0 0 1 2-2z"/>'
    '<path d="M10 9V6h4v3M12 6V3.5h-2.5M7 13.5h10"/>',
    "Books & Crafts": '<path d="M12 6.5C10 4.8 7 4.3 3.5 4.5v13c3.5-.2 6.5.3 8.5 2 2-1.7 5-2.2 8.5-2v-13'
    'C17 4.3 14 4.8 12 6.5zM12 6.5v13"/><path d="M6 8.5c1.3 0 2.3.2 3.5.7M6 12c1.3 0 2.3.2 3.5.7"/>',
    "Clothing": '<path d="M9 3.5 3.5 6.5l1.8 4.5 2.2-.8V20.5h9V10.2l2.2.8 1.8-4.5L15 3.5a3 3 0 0 1-6 0z"/>',
    "Electronics": '<path d="M4 15v-2.5a8 8 0 0 1 16 0V15"/><rect x="3" y="14" width="4.5" height="6.5" rx="1.8"/>'
    '<rect x="16.5" y="14" width="4.5" height="6.5" rx="1.8"/>',
    "Food & Drink": '<path d="M4.5 10h12v6a4.5 4.5 0 0 1-4.5 4.5H9A4.5 4.5 0 0 1 4.5 16z"/>'
    '<path d="M16.5 11.5h1.5a2.5 2.5 0 0 1 0 5h-1.5M8 3.5c-1 1.3 1 2 0 3.5M12.5 3.5c-1 1.3 1 2 0 3.5"/>',
    "Garden & Balcony": '<path d="M7 15h10l-1.2 5.5H8.2zM12 15V8.5"/>'
    '<path d="M12 10.5c0-3.5 2-5.5 6-6 0 4-2 6-6 6zM12 12.5c0-2.7-1.7-4.2-5-4.5 0 3 1.7 4.5 5 4.5z"/>',
    "Home & Living": '<path d="M5.5 11V8A2.5 2.5 0 0 1 8 5.5h8A2.5 2.5 0 0 1 18.5 8v3M6.5 18v2M17.5 18v2"/>'
    '<path d="M7 14v-1.2a2 2 0 1 0-3.5 1.4V18h17v-3.8a2 2 0 1 0-3.5-1.4V14z"/>',
    "Kitchen": '<path d="M5 10.5h14V17a3 3 0 0 1-3 3H8a3 3 0 0 1-3-3zM2.5 12.5H5M19 12.5h2.5M4 10.5h16"/>'
    '<path d="M7 10.5a5 4 0 0 1 10 0M12 6.5v-2M10.8 4.5h2.4"/>',
    "Lighting & Electrical": '<path d="M9 17.5c0-2.5-3-3.5-3-7.5a6 6 0 0 1 12 0c0 4-3 5-3 7.5zM9.5 20.5h5"/>'
    '<path d="M10 10.5l2 2 2-2M12 12.5v5"/>',
    "Office & Stationery": '<path d="M4 20l1-4.5L16.5 4a2.1 2.1 0 0 1 3 0l.5.5a2.1 2.1 0 0 1 0 3L8.5 19z"/>'
    '<path d="M14.5 6l3.5 3.5M5 15.5 8.5 19"/>',
    "Pets": '<ellipse cx="6" cy="11" rx="1.7" ry="2.2"/><ellipse cx="10" cy="6.5" rx="1.7" ry="2.3"/>'
    '<ellipse cx="14.5" cy="6.5" rx="1.7" ry="2.3"/><ellipse cx="18.3" cy="11" rx="1.7" ry="2.2"/>'
    '<path d="M12.2 11.5c2.6 0 5 3.2 5 5.5 0 1.7-1.2 2.5-2.5 2.5s-1.5-.7-2.5-.7-1.2.7-2.5.7-2.5-.8-2.5-2.5'
    'c0-2.3 2.4-5.5 5-5.5z"/>',
    "Shoes": '<path d="M3.5 7.5v9a1.5 1.5 0 0 0 1.5 1.5h14a1.5 1.5 0 0 0 1.5-1.5c0-2-1.5-3-4-3.5-2-.4-3.5-2-4.5-4.5'
    'L10.5 6c-1.5 2-4.5 2.7-7 1.5zM3.5 15h17"/><path d="M12 9.5l-1.8.8M13.3 11.5l-1.8 1"/>',
    "Sports & Camping": '<path d="M12 4.5 3 19.5h18zM12 4.5l-1-1.5M12 4.5l1-1.5M12 11l-4 8.5M12 11l4 8.5"/>',
    "Tools & DIY": '<path d="M14 7.5a4.5 4.5 0 0 1 6-3.9l-2.7 2.7.4 2 2 .4 2.7-2.7'
    'a4.5 4.5 0 0 1-6 5.5L8.5 19.4a2 2 0 0 1-2.9 0l-.9-.9a2 2 0 0 1 0-2.9L14 8z" transform="translate(-1 .8)"/>',
    "Toys & Baby": '<circle cx="12" cy="13" r="6.5"/><circle cx="6.5" cy="6.5" r="2.5"/>'
    '<circle cx="17.5" cy="6.5" r="2.5"/>'
    '<path d="M9.7 11.5v.1M14.3 11.5v.1M10.5 15.5c1 1 2 1 3 0M12 13.7v.8"/>',
    "Travel & Bags": '<rect x="5.5" y="7.5" width="13" height="11.5" rx="2.2"/>'
    '<path d="M9 7.5V4.5h6v3M9.5 11v4.5M14.5 11v4.5M8 19v1.5M16 19v1.5"/>',
}
LEAF = '<path d="M5 19.5C4 11 9 4.5 20 4c.5 11-6 16-14 14.5"/><path d="M4 21c2.5-6 6-9.5 11-12M9 14.5V10M11.5 12.3h4"/>'
GLASS = '<circle cx="10.5" cy="10.5" r="6"/><path d="M15 15l5.5 5.5"/>'


def icon(lines: str) -> str:
    """Lines as an image in the colour of the text around it."""
    return f'<svg class="fh-icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false">{lines}</svg>'


def department_icon(code: str) -> str:
    """The department's drawing; blank for an unknown one."""
    return icon(DRAWINGS[code]) if code in DRAWINGS else ""
