// oci makes host-min's images, and tries them as a registry and a container engine would.
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

// of tells the values that have a name, in the order of the command line.
func (p pairs) of(name string) []string {
	var values []string
	for _, pair := range p {
		if pair.name == name {
			values = append(values, pair.value)
		}
	}
	return values
}

func buildCommand(arguments []string) error {
	var b build
	flags := flag.NewFlagSet("build", flag.ExitOnError)
	flags.StringVar(&b.out, "out", "", "the `folder` for the layout, the archive and the SBOMs")
	flags.StringVar(&b.name, "name", "", "the `name` of the archive's file, without its ending")
	flags.StringVar(&b.cache, "cache", "", "a `folder` for compressed layers, which other images may have, too")
	flags.Var(&b.programs, "program", "`PLATFORM=FILE`: a program for linux/arm64, for example; the first is the entry point")
	flags.Var(&b.boms, "bom", "`PLATFORM=FILE`: the SBOM of a program (CycloneDX), called PROGRAM.cdx.json")
	flags.Var(&b.files, "file", "`PATH=FILE`: a file for every platform")
	flags.Var(&b.labels, "label", "`KEY=VALUE`: a label of the images and an annotation of their index")
	seconds := flags.Int64("time", 0, "the time of everything, in `seconds` since 1970")
	flags.Parse(arguments)
	if flags.NArg() > 0 || b.out == "" || b.name == "" || len(b.programs) == 0 || *seconds <= 0 {
		return errors.New("build needs -out, -name, -program and -time, and takes nothing else")
	}
	b.time = time.Unix(*seconds, 0).UTC()
	return b.write()
}

func checkCommand(arguments []string) error {
	flags := flag.NewFlagSet("check", flag.ExitOnError)
	unpack := flags.String("unpack", "", "the `folder` for this machine's image")
	most := flags.Int64("most", 0, "the most `bytes` that an image may have, compressed")
	boms := flags.Int("boms", 0, "how many SBOMs each image has")
	flags.Parse(arguments)
	if flags.NArg() != 1 || *unpack == "" || *most <= 0 || *boms <= 0 {
		return errors.New("check needs -unpack, -most, -boms and a layout")
	}
	return check(flags.Arg(0), *unpack, *most, *boms)
}
