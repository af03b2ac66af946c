"""How a map is drawn over a film, and what is written beside it."""

from __future__ import annotations

from explain.attribution import Attribution
from explain.methods import title
from ptx_viewer import map_wording

from .viewport import HeatmapLayer
from .why_row import MapStyle


def heatmap_layer(
    attribution: Attribution, style: MapStyle, model_title: str, *, several_models: bool, anyway: bool
) -> HeatmapLayer:
    """Return a map as a viewport draws it.

    Parameters
    ----------
    attribution : Attribution
    style : MapStyle
        Of its method's row.
    model_title : str
        As the model's card writes it.
    several_models : bool
        Whether the reading under the cursor has to say whose map it is.
    anyway : bool
        Whether the reader wants to see it although it shows no evidence above the cut-off.
    """
    caption = map_wording.caption(attribution, model_title)
    if attribution.below_cutoff:
        caption = f"{map_wording.no_evidence(attribution)} {caption}"
    name = title(attribution.method)
    return HeatmapLayer(
        attribution.heatmap,
        attribution.signed,
        style.opacity,
        style.colour_map,
        caption,
        f"{name} ({model_title})" if several_models else name,
        attribution.regions if style.borders else None,
        shown=attribution.below_cutoff is None or anyway,
    )
