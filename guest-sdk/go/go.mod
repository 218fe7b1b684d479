module wagather

go 1.24
