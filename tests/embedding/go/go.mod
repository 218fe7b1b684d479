module gather

go 1.21
