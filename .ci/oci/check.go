package main

import (
	"archive/tar"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/validate"
)

// check holds a layout to what an engine needs, by way of a registry, and unpacks this machine's image.
func check(folder, unpack string, most int64, bomsOfEach int) error {
	root, err := layout.ImageIndexFromPath(folder)
	if err != nil {
		return err
	}
	if err := validate.Index(root); err != nil {
		return fmt.Errorf("the layout is not valid: %w", err)
	}
	server := httptest.NewServer(registry.New(registry.Logger(log.New(io.Discard, "", 0)), registry.WithReferrersSupport(true)))
	defer server.Close()
	repository, err := name.NewRepository(strings.TrimPrefix(server.URL, "http://")+"/host-min", name.Insecure)
	if err != nil {
		return err
	}
	index, boms, err := push(root, repository)
	if err != nil {
		return fmt.Errorf("pushing: %w", err)
	}

	pulled, err := remote.Index(repository.Tag("pulled"))
	if err != nil {
		return fmt.Errorf("pulling: %w", err)
	}
	if err := validate.Index(pulled); err != nil {
		return fmt.Errorf("what the registry serves is not valid: %w", err)
	}
	if pulled, err := pulled.Digest(); err != nil || pulled != index {
		return fmt.Errorf("the registry serves %s for %s (%v)", pulled, index, err)
	}
	manifest, err := pulled.IndexManifest()
	if err != nil {
		return err
	}
	own := false
	for _, descriptor := range manifest.Manifests {
		image, err := pulled.Image(descriptor.Digest)
		if err != nil {
			return err
		}
		if err := checkImage(image, *descriptor.Platform, most); err != nil {
			return fmt.Errorf("%s: %w", descriptor.Platform, err)
		}
		referrers, err := remote.Referrers(repository.Digest(descriptor.Digest.String()), remote.WithFilter("artifactType", bomType))
		if err != nil {
			return err
		}
		list, err := referrers.IndexManifest()
		if err != nil {
			return err
		}
		if len(list.Manifests) != bomsOfEach {
			return fmt.Errorf("%d SBOMs refer to %s instead of %d", len(list.Manifests), descriptor.Platform, bomsOfEach)
		}
		if descriptor.Platform.OS == runtime.GOOS && descriptor.Platform.Architecture == runtime.GOARCH {
			own = true
			if err := unpackImage(image, unpack); err != nil {
				return err
			}
		}
	}
	if !own || boms != bomsOfEach*len(manifest.Manifests) {
		return fmt.Errorf("%d images and %d SBOMs; among them is one of this machine: %t", len(manifest.Manifests), boms, own)
	}
	return nil
}

// push sends everything in the layout, as `oras copy --recursive` would. It tells the index and the number of SBOMs.
func push(root v1.ImageIndex, repository name.Repository) (v1.Hash, int, error) {
	var index v1.Hash
	manifest, err := root.IndexManifest()
	if err != nil {
		return index, 0, err
	}
	boms := 0
	for _, descriptor := range manifest.Manifests {
		if descriptor.MediaType.IsIndex() {
			images, err := root.ImageIndex(descriptor.Digest)
			if err != nil {
				return index, 0, err
			}
			if err := remote.WriteIndex(repository.Tag("pulled"), images); err != nil {
				return index, 0, err
			}
			index = descriptor.Digest
			continue
		}
		bom, err := root.Image(descriptor.Digest)
		if err != nil {
			return index, 0, err
		}
		if err := remote.Write(repository.Digest(descriptor.Digest.String()), bom); err != nil {
			return index, 0, err
		}
		boms++
	}
	return index, boms, nil
}

func checkImage(image v1.Image, platform v1.Platform, most int64) error {
	config, err := image.ConfigFile()
	if err != nil {
		return err
	}
	if config.OS != platform.OS || config.Architecture != platform.Architecture || config.Variant != platform.Variant {
		return fmt.Errorf("the index has another platform than the image (%s)", config.Platform())
	}
	if config.Config.User != user || fmt.Sprint(config.Config.Entrypoint) != "[/host-min]" {
		return fmt.Errorf("it runs %v as %q", config.Config.Entrypoint, config.Config.User)
	}
	for _, label := range []string{"created", "description", "licenses", "revision", "title", "version"} {
		if config.Config.Labels["org.opencontainers.image."+label] == "" {
			return fmt.Errorf("it has no label %s", label)
		}
	}
	layers, err := image.Layers()
	if err != nil {
		return err
	}
	var bytes int64
	for _, layer := range layers {
		size, err := layer.Size()
		if err != nil {
			return err
		}
		bytes += size
		digest, err := layer.Digest()
		if err != nil {
			return err
		}
		fmt.Printf("%s layer: %s, %d bytes\n", platform, digest, size)
	}
	fmt.Printf("%s: %d bytes compressed\n", platform, bytes)
	if bytes > most {
		return fmt.Errorf("%d bytes compressed; %d are the most", bytes, most)
	}
	return nil
}

// unpackImage writes the files as an engine's snapshotter does.
func unpackImage(image v1.Image, folder string) error {
	stream := mutate.Extract(image)
	defer stream.Close()
	reader := tar.NewReader(stream)
	for {
		header, err := reader.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if header.Uid != 0 || header.Gid != 0 || header.Mode&0o022 != 0 {
			return fmt.Errorf("%s can be changed by somebody other than root", header.Name)
		}
		place := filepath.Join(folder, header.Name)
		switch header.Typeflag {
		case tar.TypeDir:
			err = os.MkdirAll(place, 0o755)
		case tar.TypeReg:
			err = unpackFile(place, reader, os.FileMode(header.Mode))
		default:
			err = fmt.Errorf("%s is neither a file nor a folder", header.Name)
		}
		if err != nil {
			return err
		}
	}
}

func unpackFile(place string, content io.Reader, mode os.FileMode) error {
	if err := os.MkdirAll(filepath.Dir(place), 0o755); err != nil {
		return err
	}
	file, err := os.OpenFile(place, os.O_CREATE|os.O_EXCL|os.O_WRONLY, mode)
	if err != nil {
		return err
	}
	_, err = io.Copy(file, content)
	return errors.Join(err, file.Close())
}
