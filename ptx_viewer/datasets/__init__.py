"""Turn data sets as they are handed out into what training reads; knows DICOM and the readers' forms."""
