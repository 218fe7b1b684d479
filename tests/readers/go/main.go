// Reads every .yaml below a folder as Go's tools for Kubernetes do: each must be the JSON that it is.
//
// usage: read FOLDER
package main

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"strings"

	"sigs.k8s.io/yaml"
)

func main() {
	files, err := readAll(os.Args[1])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println(files, "files")
}

func readAll(folder string) (int, error) {
	files := 0
	err := filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.HasSuffix(path, ".yaml") {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		var expected, found any
		if err := json.Unmarshal(text, &expected); err != nil {
			return fmt.Errorf("%s is not JSON: %w", path, err)
		}
		if err := yaml.UnmarshalStrict(text, &found); err != nil {
			return fmt.Errorf("%s is not YAML: %w", path, err)
		}
		if !reflect.DeepEqual(expected, found) {
			return fmt.Errorf("%s is other YAML than JSON: %v, not %v", path, found, expected)
		}
		files++
		return nil
	})
	return files, err
}
