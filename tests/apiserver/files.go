package main

import (
	"fmt"
	"os"
)

// files.go writes files so that a reader never sees half of one.

// writeFile writes aside and renames: a reader sees the old content or the new one.
func writeFile(path string, data []byte, mode os.FileMode) error {
	aside := path + ".tmp"
	if err := os.WriteFile(aside, data, mode); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	// WriteFile keeps the mode of a file left over by an earlier run.
	if err := os.Chmod(aside, mode); err != nil {
		return fmt.Errorf("set the mode of %s: %w", path, err)
	}
	if err := os.Rename(aside, path); err != nil {
		return fmt.Errorf("put %s in place: %w", path, err)
	}
	return nil
}
