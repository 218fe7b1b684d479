package main

import (
	"errors"
	"fmt"
	"io"
	"log"
	"net/http/httptest"
	"os"
	"strings"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/static"
	"github.com/google/go-containerregistry/pkg/v1/types"
	"github.com/google/go-containerregistry/pkg/v1/validate"
)

const wasmType = "application/vnd.wasm.content.layer.v1+wasm"

// serve runs a registry on the loopback interface until stdin ends, and prints its host and port. It has the module in
// file as an artifact, artifact:1, and in an index beside an image for amd64, index:1.
func serve(file string) error {
	module, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	server := httptest.NewServer(registry.New(registry.Logger(log.New(io.Discard, "", 0))))
	defer server.Close()
	host := strings.TrimPrefix(server.URL, "http://")
	artifact := mutate.ConfigMediaType(mutate.MediaType(empty.Image, types.OCIManifestSchema1), "application/vnd.wasm.config.v1+json")
	artifact, err = mutate.AppendLayers(artifact, static.NewLayer(module, wasmType))
	if err != nil {
		return err
	}
	var index v1.ImageIndex = mutate.IndexMediaType(empty.Index, types.OCIImageIndex)
	index = mutate.AppendManifests(index,
		mutate.IndexAddendum{Add: empty.Image, Descriptor: v1.Descriptor{Platform: &v1.Platform{OS: "linux", Architecture: "amd64"}}},
		mutate.IndexAddendum{Add: artifact, Descriptor: v1.Descriptor{Platform: &v1.Platform{OS: "wasip1", Architecture: "wasm"}}})
	for _, push := range []func() error{
		func() error {
			tag, err := name.NewTag(host + "/artifact:1")
			return errors.Join(err, remote.Write(tag, artifact))
		},
		func() error {
			tag, err := name.NewTag(host + "/index:1")
			return errors.Join(err, remote.WriteIndex(tag, index))
		},
	} {
		if err := push(); err != nil {
			return err
		}
	}
	fmt.Println(host)
	_, err = io.Copy(io.Discard, os.Stdin)
	return err
}

// pulled validates what a registry has under a reference, and prints the sizes of its layers.
func pulled(reference string) error {
	ref, err := name.ParseReference(reference)
	if err != nil {
		return err
	}
	image, err := remote.Image(ref)
	if err != nil {
		return err
	}
	if err := validate.Image(image, validate.Fast); err != nil {
		return err
	}
	layers, err := image.Layers()
	if err != nil {
		return err
	}
	for _, layer := range layers {
		kind, err := layer.MediaType()
		if err != nil {
			return err
		}
		content, err := layer.Compressed()
		if err != nil {
			return err
		}
		bytes, err := io.ReadAll(content)
		if err != nil {
			return err
		}
		fmt.Println(kind, len(bytes))
	}
	return nil
}
