module pod-phases

go 1.24
