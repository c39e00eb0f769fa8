"""What the metrics of whole sets are called and mean, FID apart; in the order of display."""

from evaluator.metrics.description import MetricInfo

__all__ = ["SET_METRICS"]

SET_METRICS = (
    MetricInfo(
        name="sfid",
        title="Spatial FID",
        short="sFID",
        lower_is_better=True,
        scope="set",
        unit="",
        description="Fréchet distance of an unpooled layer of Inception (Nash et al. 2021): as FID,"
        " but where in the picture things lie counts too. Has 2,023 dimensions whatever"
        " the protocol's FID has.",
    ),
    MetricInfo(
        name="clean_fid",
        title="FID with clean-FID's resizing",
        short="clean-FID",
        lower_is_better=True,
        scope="set",
        unit="",
        description="FID with pictures resized without aliasing (Parmar et al. 2022). Its values "
        "are not those of FID: compare them with each other only.",
    ),
    MetricInfo(
        name="fid_infinity",
        title="FID extrapolated to infinitely many outputs",
        short="FID∞",
        lower_is_better=True,
        scope="set",
        unit="",
        description="The intercept of FID against 1/N (Chong and Forsyth 2020): without the bias of"
        " the number of outputs, but with that of the reference set. May be below 0 by "
        "noise; has no interval.",
    ),
    MetricInfo(
        name="kid",
        title="Kernel Inception distance",
        short="KID",
        lower_is_better=True,
        scope="set",
        unit="",
        description="Unbiased squared maximum mean discrepancy of the same features as FID, on all "
        "pictures (Bińkowski et al. 2018, eq. 4). Fit for small sets; slightly below 0 "
        "where two sets are alike.",
    ),
    MetricInfo(
        name="kid_subsets",
        title="Kernel Inception distance over subsets",
        short="KID subsets",
        lower_is_better=True,
        scope="set",
        unit="",
        description="The mean of KID over seeded random subsets, as torch-fidelity and torchmetrics"
        " compute it: KID with the noise of the draw, for comparison with published "
        "numbers.",
    ),
    MetricInfo(
        name="precision",
        title="Precision",
        short="Precision",
        lower_is_better=False,
        scope="set",
        unit="",
        description="The share of outputs within the manifold of the reference set (Kynkäänniemi et"
        " al. 2019), 0 to 1: how many look like real works. Says nothing of variety; "
        "grows with the reference set.",
    ),
    MetricInfo(
        name="recall",
        title="Recall",
        short="Recall",
        lower_is_better=False,
        scope="set",
        unit="",
        description="The share of the reference set within the manifold of the outputs "
        "(Kynkäänniemi et al. 2019), 0 to 1: how much of its variety is reached. A "
        "single far output can inflate it.",
    ),
    MetricInfo(
        name="density",
        title="Density",
        short="Density",
        lower_is_better=False,
        scope="set",
        unit="",
        description="How many neighbourhoods of reference pictures an output lies in, over k (Naeem"
        " et al. 2020); about 1 for real works, more in their midst. Unlike precision, "
        "hardly moved by outliers.",
    ),
    MetricInfo(
        name="coverage",
        title="Coverage",
        short="Coverage",
        lower_is_better=False,
        scope="set",
        unit="",
        description="The share of reference pictures with an output in their neighbourhood (Naeem "
        "et al. 2020), 0 to 1. Falls to almost 0 if outputs are all alike; depends on "
        "the number of outputs.",
    ),
    MetricInfo(
        name="memorisation_distance",
        title="Memorisation distance",
        short="Memorisation",
        lower_is_better=False,
        scope="set",
        unit="",
        description="The mean of 1 − |cosine| of outputs and their nearest reference picture (Bai "
        "et al. 2021), 0 to 1. 0 where outputs are copies of reference pictures; a "
        "small value alone proves no copying.",
    ),
    MetricInfo(
        name="mifid",
        title="Memorisation-informed FID",
        short="MiFID",
        lower_is_better=True,
        scope="set",
        unit="",
        description="FID over the memorisation distance where that is below a threshold, else FID "
        "(Bai et al. 2021, the Kaggle competition's score): FID that copying does not "
        "lower.",
    ),
    MetricInfo(
        name="fid_share",
        title="FID left",
        short="FID left",
        lower_is_better=True,
        scope="set",
        unit="",
        description="FID of the outputs over that of the unstylised contents: 1 where nothing was "
        "gained, 0 at the reference. Comparable between networks, unlike FID.",
    ),
    MetricInfo(
        name="fid_guard",
        title="FID by the guard network",
        short="Guard FID",
        lower_is_better=True,
        scope="set",
        unit="",
        description="FID in the features of the protocol's second network, which entries cannot "
        "have been trained on.",
    ),
    MetricInfo(
        name="fid_share_guard",
        title="FID left by the guard network",
        short="Guard FID left",
        lower_is_better=True,
        scope="set",
        unit="",
        description="FID by the guard network over that of the unstylised contents.",
    ),
    MetricInfo(
        name="guard_gap",
        title="Gap to the guard network",
        short="Guard gap",
        lower_is_better=True,
        scope="set",
        unit="",
        description="FID left by the guard network less FID left by the first: clearly above 0 "
        "where an entry wins in the first network's eyes alone (Goodhart's law). Not a "
        "measure of quality by itself.",
    ),
    MetricInfo(
        name="lpips_fid",
        title="(1 + LPIPS) · (1 + FID)",
        short="(1+LPIPS)(1+FID)",
        lower_is_better=True,
        scope="set",
        unit="",
        description="Content kept and style reached in one number, in the form of ArtFID (Wright "
        "and Ommer 2022), but with this protocol's LPIPS and FID: not comparable with "
        "published ArtFID.",
    ),
)
