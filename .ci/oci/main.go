// oci makes host-min's image, and tries it as a registry and a container engine would.
//
//	oci build FLAGS                writes an image layout, an archive of it, and the SBOMs beside them
//	oci check -unpack DIR LAYOUT   validates the layout, pushes it to a registry on the loopback interface,
//	                               pulls it, and unpacks the image of this machine
//	oci registry MODULE            serves a registry on the loopback interface until stdin ends, with a module in it
//	oci pulled REFERENCE           validates what a registry has, and lists its layers
//
// .ci/image calls the first two and says which files go in, tests/tests/registry the others. Not here: what is built, and
// running it.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"strings"
	"time"
)

func main() {
	err := errors.New("usage: oci build|check|registry|pulled ...; .ci/image calls it")
	if len(os.Args) > 1 {
		switch os.Args[1] {
		case "build":
			err = buildCommand(os.Args[2:])
		case "check":
			err = checkCommand(os.Args[2:])
		case "registry", "pulled":
			run := map[string]func(string) error{"registry": serve, "pulled": pulled}[os.Args[1]]
			if len(os.Args) == 3 {
				err = run(os.Args[2])
			}
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "oci:", err)
		os.Exit(1)
	}
}

// pairs is a flag that may be given several times: NAME=VALUE.
type pairs []pair

type pair struct{ name, value string }

func (p *pairs) String() string { return "" }

func (p *pairs) Set(text string) error {
	name, value, found := strings.Cut(text, "=")
	if !found || name == "" || value == "" {
		return fmt.Errorf("%q is not NAME=VALUE", text)
	}
	*p = append(*p, pair{name, value})
	return nil
}

func buildCommand(arguments []string) error {
	var b build
	flags := flag.NewFlagSet("build", flag.ExitOnError)
	flags.StringVar(&b.out, "out", "", "the `folder` for the layout, the archive and the SBOMs")
	flags.Var(&b.programs, "program", "`PLATFORM=FILE`: host-min for linux/arm64, for example")
	flags.Var(&b.boms, "bom", "`PLATFORM=FILE`: its SBOM (CycloneDX)")
	flags.Var(&b.files, "file", "`PATH=FILE`: a file for every platform")
	flags.Var(&b.labels, "label", "`KEY=VALUE`: a label of the images and an annotation of their index")
	seconds := flags.Int64("time", 0, "the time of everything, in `seconds` since 1970")
	flags.Parse(arguments)
	if flags.NArg() > 0 || b.out == "" || len(b.programs) == 0 || *seconds <= 0 {
		return errors.New("build needs -out, -program and -time, and takes nothing else")
	}
	b.time = time.Unix(*seconds, 0).UTC()
	return b.write()
}

func checkCommand(arguments []string) error {
	flags := flag.NewFlagSet("check", flag.ExitOnError)
	unpack := flags.String("unpack", "", "the `folder` for this machine's image")
	most := flags.Int64("most", 0, "the most `bytes` that an image may have, compressed")
	flags.Parse(arguments)
	if flags.NArg() != 1 || *unpack == "" || *most <= 0 {
		return errors.New("check needs -unpack, -most and a layout")
	}
	return check(flags.Arg(0), *unpack, *most)
}
