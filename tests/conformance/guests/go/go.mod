module conformance

go 1.24

require wagather v0.0.0

replace wagather => ../../../../guest-sdk/go
