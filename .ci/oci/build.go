package main

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/match"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/partial"
	"github.com/google/go-containerregistry/pkg/v1/static"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"
	"golang.org/x/crypto/x509roots/fallback/bundle"
)

const (
	// A user that no system has, as distroless images call it.
	user = "65532:65532"
	// Where Go, OpenSSL and rustls look first.
	certificatesPath = "etc/ssl/certs/ca-certificates.crt"
	bomType          = "application/vnd.cyclonedx+json"
	bomSuffix        = ".cdx.json"
)

// build is an image to be made. The same build has the same digest, whenever and wherever it is made.
type build struct {
	out, name, cache              string
	programs, boms, files, labels pairs
	time                          time.Time
}

func (b *build) write() error {
	common := map[string]file{certificatesPath: {content: certificates()}}
	for _, f := range b.files {
		content, err := os.ReadFile(f.value)
		if err != nil {
			return err
		}
		common[strings.TrimPrefix(f.name, "/")] = file{content: content}
	}
	// The same for every platform and in each image, so that a registry and a node keep it once.
	base, err := b.layer(common)
	if err != nil {
		return err
	}

	var index v1.ImageIndex = mutate.IndexMediaType(empty.Index, types.OCIImageIndex)
	var boms []v1.Image
	for _, name := range b.platforms() {
		platform, err := v1.ParsePlatform(name)
		if err != nil {
			return err
		}
		image, err := b.image(platform, b.programs.of(name), base)
		if err != nil {
			return err
		}
		index = mutate.AppendManifests(index, mutate.IndexAddendum{
			Add:        image,
			Descriptor: v1.Descriptor{Platform: platform},
		})
		described, err := b.describe(name, image)
		if err != nil {
			return err
		}
		boms = append(boms, described...)
	}
	index = mutate.Annotations(index, b.annotations()).(v1.ImageIndex)
	return b.writeLayout(index, boms)
}

// platforms are those that there are programs for, in the order of the command line.
func (b *build) platforms() []string {
	var names []string
	for _, program := range b.programs {
		if !slices.Contains(names, program.name) {
			names = append(names, program.name)
		}
	}
	return names
}

// image is the image for one platform: what every image has, and a layer for each program. The first one is the entry point.
func (b *build) image(platform *v1.Platform, programs []string, base v1.Layer) (v1.Image, error) {
	image := mutate.ConfigMediaType(mutate.MediaType(empty.Image, types.OCIManifestSchema1), types.OCIConfigJSON)
	image, err := mutate.ConfigFile(image, &v1.ConfigFile{
		Architecture: platform.Architecture,
		OS:           platform.OS,
		Variant:      platform.Variant,
		Created:      v1.Time{Time: b.time},
		Config: v1.Config{
			User:       user,
			Entrypoint: []string{"/" + filepath.Base(programs[0])},
			WorkingDir: "/",
			Labels:     b.annotations(),
		},
		RootFS: v1.RootFS{Type: "layers"},
	})
	if err != nil {
		return nil, err
	}
	add := func(what string, layer v1.Layer) error {
		image, err = mutate.Append(image, mutate.Addendum{
			Layer:   layer,
			History: v1.History{Created: v1.Time{Time: b.time}, CreatedBy: what},
		})
		return err
	}
	if err := add("certificates, example gatherers, licences", base); err != nil {
		return nil, err
	}
	for _, program := range programs {
		content, err := os.ReadFile(program)
		if err != nil {
			return nil, err
		}
		name := filepath.Base(program)
		layer, err := b.layer(map[string]file{name: {content: content, executable: true}})
		if err != nil {
			return nil, err
		}
		if err := add(name, layer); err != nil {
			return nil, err
		}
	}
	return mutate.Annotations(image, b.annotations()).(v1.Image), nil
}

// describe makes each SBOM of a platform an artifact that refers to the image, and copies it beside the layout.
func (b *build) describe(platform string, image v1.Image) ([]v1.Image, error) {
	subject, err := partial.Descriptor(image)
	if err != nil {
		return nil, err
	}
	var artifacts []v1.Image
	for _, bom := range b.boms.of(platform) {
		content, err := os.ReadFile(bom)
		if err != nil {
			return nil, err
		}
		name := strings.TrimSuffix(filepath.Base(bom), bomSuffix) + "." + strings.ReplaceAll(platform, "/", "-") + bomSuffix
		if err := os.WriteFile(filepath.Join(b.out, name), content, 0o644); err != nil {
			return nil, err
		}
		artifact := mutate.ConfigMediaType(mutate.MediaType(empty.Image, types.OCIManifestSchema1), bomType)
		artifact, err = mutate.AppendLayers(artifact, static.NewLayer(content, bomType))
		if err != nil {
			return nil, err
		}
		artifacts = append(artifacts, mutate.Subject(artifact, *subject).(v1.Image))
	}
	return artifacts, nil
}

func (b *build) annotations() map[string]string {
	labels := map[string]string{"org.opencontainers.image.created": b.time.Format(time.RFC3339)}
	for _, label := range b.labels {
		labels["org.opencontainers.image."+label.name] = label.value
	}
	return labels
}

// writeLayout replaces the layout and the archive in the folder.
func (b *build) writeLayout(index v1.ImageIndex, boms []v1.Image) error {
	folder := filepath.Join(b.out, "layout")
	if err := os.RemoveAll(folder); err != nil {
		return err
	}
	written, err := layout.Write(folder, empty.Index)
	if err != nil {
		return err
	}
	tag := layout.WithAnnotations(map[string]string{"org.opencontainers.image.ref.name": b.annotations()["org.opencontainers.image.version"]})
	digest, err := index.Digest()
	if err != nil {
		return err
	}
	if err := written.ReplaceIndex(index, match.Digests(digest), tag); err != nil {
		return err
	}
	for _, bom := range boms {
		if err := written.AppendImage(bom); err != nil {
			return err
		}
	}
	if err := b.archive(folder); err != nil {
		return err
	}
	fmt.Println(digest)
	return nil
}

// archive writes the layout as one file, which `ctr image import`, `podman load` and `skopeo` read.
func (b *build) archive(folder string) error {
	files := map[string]file{}
	err := filepath.WalkDir(folder, func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := os.ReadFile(name)
		inside, _ := filepath.Rel(folder, name)
		files[filepath.ToSlash(inside)] = file{content: content}
		return err
	})
	if err != nil {
		return err
	}
	content, err := b.tar(files)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(b.out, b.name+".oci.tar"), content, 0o644)
}

type file struct {
	content    []byte
	executable bool
}

func (b *build) layer(files map[string]file) (v1.Layer, error) {
	content, err := b.tar(files)
	if err != nil {
		return nil, err
	}
	compressed, err := b.compressed(content)
	if err != nil {
		return nil, err
	}
	open := func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(compressed)), nil }
	return tarball.LayerFromOpener(open, tarball.WithMediaType(types.OCILayer))
}

// compressed is compress with a memory, because several images have the same layers, and zopfli takes seconds for each.
func (b *build) compressed(content []byte) ([]byte, error) {
	if b.cache == "" {
		return compress(content)
	}
	kept := filepath.Join(b.cache, fmt.Sprintf("%x.tar.gz", sha256.Sum256(content)))
	if compressed, err := os.ReadFile(kept); err == nil {
		return compressed, nil
	}
	compressed, err := compress(content)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(b.cache, 0o755); err != nil {
		return nil, err
	}
	// In one step, so that nobody finds half of it.
	return compressed, errors.Join(os.WriteFile(kept+".new", compressed, 0o644), os.Rename(kept+".new", kept))
}

// compress makes gzip, because older engines read nothing else. zopfli makes it 3 % smaller than the best level of gzip.
func compress(content []byte) ([]byte, error) {
	file, err := os.CreateTemp("", "layer-*.tar")
	if err != nil {
		return nil, err
	}
	defer os.Remove(file.Name())
	_, err = file.Write(content)
	if closing := file.Close(); err == nil {
		err = closing
	}
	if err != nil {
		return nil, err
	}
	zopfli := exec.Command("zopfli", "-c", "--gzip", file.Name())
	zopfli.Stderr = os.Stderr
	compressed, err := zopfli.Output()
	if err != nil {
		return nil, fmt.Errorf("cannot compress a layer with zopfli: %w", err)
	}
	return compressed, nil
}

// tar packs files and the folders above them: in order, with one time, and owned by root.
func (b *build) tar(files map[string]file) ([]byte, error) {
	folders := map[string]bool{}
	var names []string
	for name := range files {
		names = append(names, name)
		for above := path.Dir(name); above != "." && !folders[above+"/"]; above = path.Dir(above) {
			folders[above+"/"] = true
			names = append(names, above+"/")
		}
	}
	slices.Sort(names)
	var packed bytes.Buffer
	writer := tar.NewWriter(&packed)
	for _, name := range names {
		header := tar.Header{Name: name, Mode: 0o755, ModTime: b.time, Typeflag: tar.TypeDir, Format: tar.FormatUSTAR}
		if !folders[name] {
			header.Typeflag = tar.TypeReg
			header.Size = int64(len(files[name].content))
			if !files[name].executable {
				header.Mode = 0o644
			}
		}
		if err := writer.WriteHeader(&header); err != nil {
			return nil, err
		}
		if _, err := writer.Write(files[name].content); err != nil {
			return nil, err
		}
	}
	err := writer.Close()
	return packed.Bytes(), err
}

// certificates are Mozilla's roots for TLS, of the version that go.mod names. A root with conditions that no file can
// express is left out: without them, it would be trusted for more than Mozilla does.
func certificates() []byte {
	var text bytes.Buffer
	text.WriteString("# The certificate authorities that Mozilla trusts for TLS (MPL-2.0), from golang.org/x/crypto/x509roots.\n")
	for root := range bundle.Roots() {
		if root.Constraint == nil {
			pem.Encode(&text, &pem.Block{Type: "CERTIFICATE", Bytes: root.Certificate})
		}
	}
	return text.Bytes()
}
