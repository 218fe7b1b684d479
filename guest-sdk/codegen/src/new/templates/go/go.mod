module __NAME__

go 1.24

require wagather v0.0.0

replace wagather => ./wagather
