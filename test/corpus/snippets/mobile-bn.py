from torch import nn


class MobileBatchNorm2d(nn.BatchNorm2d):
    """YOLO's numbers"""

    def __init__(self, planes):
        super().__init__(planes, eps=1e-3, momentum=0.03)
