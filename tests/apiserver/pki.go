package main

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"
)

// pki.go makes every key and certificate of one run, in Go, with no openssl.
//
// The serving CA and the client CA are two authorities, as in a real cluster, so that a client which
// trusts the wrong one fails. A third, "wrong-ca", signs nothing that the server uses. Keys are written
// in both encodings that kubeconfigs carry in the wild: SEC 1 for admin (what client-go writes) and
// PKCS #8 for restricted. It is not a certificate manager: certificates last 30 days and are made anew
// at each start.

const (
	certificateLifetime = 30 * 24 * time.Hour
	// serviceAccountKeyBits is the smallest RSA key that kube-apiserver signs tokens with.
	serviceAccountKeyBits = 2048
	// tlsServerName is a name in the serving certificate that no resolver knows: it can only be met
	// by a client that honours `tls-server-name`.
	tlsServerName = "api.wagather.test"
)

// authority is a CA that signs leaf certificates.
type authority struct {
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
	pem         []byte
}

// keyPair is a certificate and its key, both as PEM.
type keyPair struct {
	certificatePEM, keyPEM []byte
}

// keyEncoding is the PEM form of a private key.
type keyEncoding int

const (
	sec1 keyEncoding = iota
	pkcs8
)

// pki is where the run's key material lies, and what kubeconfigs embed of it.
type pki struct {
	dir                     string
	servingCA, wrongCA      []byte
	clientCA                []byte
	clients                 map[string]keyPair
	serviceAccountKeyFile   string
	serviceAccountPublicKey string
}

func (p *pki) path(name string) string { return filepath.Join(p.dir, name) }

// newPKI makes all keys and certificates and writes them into dir.
func newPKI(dir string) (*pki, error) {
	p := &pki{dir: dir, clients: map[string]keyPair{}}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make the folder for certificates: %w", err)
	}
	authorities := map[string]*authority{}
	for _, name := range []string{"ca", "client-ca", "wrong-ca"} {
		ca, err := newAuthority("wagather-test-" + name)
		if err != nil {
			return nil, fmt.Errorf("make authority %s: %w", name, err)
		}
		authorities[name] = ca
		if err := p.write(name+".crt", ca.pem); err != nil {
			return nil, err
		}
	}
	p.servingCA, p.wrongCA = authorities["ca"].pem, authorities["wrong-ca"].pem
	p.clientCA = authorities["client-ca"].pem

	serving, err := authorities["ca"].issue(&x509.Certificate{
		Subject:     pkix.Name{CommonName: "kube-apiserver"},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		DNSNames:    []string{"localhost", "kubernetes.default.svc", tlsServerName},
	}, pkcs8)
	if err != nil {
		return nil, fmt.Errorf("issue the serving certificate: %w", err)
	}
	if err := p.writePair("serving", serving); err != nil {
		return nil, err
	}
	if err := p.writeKubeletPairs(authorities["ca"], authorities["client-ca"]); err != nil {
		return nil, err
	}
	for _, user := range users {
		if !user.certificate {
			continue
		}
		pair, err := authorities["client-ca"].issue(&x509.Certificate{
			Subject:     pkix.Name{CommonName: user.name, Organization: user.groups},
			ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
		}, user.keyEncoding)
		if err != nil {
			return nil, fmt.Errorf("issue the client certificate of %s: %w", user.name, err)
		}
		p.clients[user.name] = pair
		if err := p.writePair(user.name, pair); err != nil {
			return nil, err
		}
	}
	return p, p.writeServiceAccountKeys()
}

// writeKubeletPairs makes what the kubelet serves with, and what the API server shows to it.
func (p *pki) writeKubeletPairs(servingCA, clientCA *authority) error {
	serving, err := servingCA.issue(&x509.Certificate{
		Subject:     pkix.Name{CommonName: "system:node:edge-node", Organization: []string{"system:nodes"}},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		IPAddresses: []net.IP{net.ParseIP(kubeletAddress)},
	}, pkcs8)
	if err != nil {
		return fmt.Errorf("issue the kubelet's certificate: %w", err)
	}
	client, err := clientCA.issue(&x509.Certificate{
		Subject:     pkix.Name{CommonName: kubeletClient},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}, pkcs8)
	if err != nil {
		return fmt.Errorf("issue the certificate for the kubelet's client: %w", err)
	}
	if err := p.writePair("kubelet", serving); err != nil {
		return err
	}
	return p.writePair("kubelet-client", client)
}

// writeServiceAccountKeys makes the pair that signs and verifies service account tokens.
func (p *pki) writeServiceAccountKeys() error {
	key, err := rsa.GenerateKey(rand.Reader, serviceAccountKeyBits)
	if err != nil {
		return fmt.Errorf("make the service account key: %w", err)
	}
	public, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		return fmt.Errorf("encode the service account public key: %w", err)
	}
	p.serviceAccountKeyFile, p.serviceAccountPublicKey = p.path("service-account.key"), p.path("service-account.pub")
	if err := p.write("service-account.key", pemBlock("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(key))); err != nil {
		return err
	}
	return p.write("service-account.pub", pemBlock("PUBLIC KEY", public))
}

func newAuthority(name string) (*authority, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	template := &x509.Certificate{
		Subject:               pkix.Name{CommonName: name},
		IsCA:                  true,
		BasicConstraintsValid: true,
		KeyUsage:              x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
	}
	der, err := sign(template, template, key.Public(), key)
	if err != nil {
		return nil, err
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, err
	}
	return &authority{certificate, key, pemBlock("CERTIFICATE", der)}, nil
}

// issue signs a leaf certificate for a new key.
func (ca *authority) issue(template *x509.Certificate, encoding keyEncoding) (keyPair, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return keyPair{}, err
	}
	template.KeyUsage = x509.KeyUsageDigitalSignature
	der, err := sign(template, ca.certificate, key.Public(), ca.key)
	if err != nil {
		return keyPair{}, err
	}
	label, marshal := "EC PRIVATE KEY", func() ([]byte, error) { return x509.MarshalECPrivateKey(key) }
	if encoding == pkcs8 {
		label, marshal = "PRIVATE KEY", func() ([]byte, error) { return x509.MarshalPKCS8PrivateKey(key) }
	}
	keyDER, err := marshal()
	if err != nil {
		return keyPair{}, err
	}
	return keyPair{pemBlock("CERTIFICATE", der), pemBlock(label, keyDER)}, nil
}

func sign(template, parent *x509.Certificate, public crypto.PublicKey, signer crypto.Signer) ([]byte, error) {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		return nil, err
	}
	template.SerialNumber = serial
	// An hour back, for tests that shift the clock a little.
	template.NotBefore = time.Now().Add(-time.Hour)
	template.NotAfter = time.Now().Add(certificateLifetime)
	return x509.CreateCertificate(rand.Reader, template, parent, public, signer)
}

func (p *pki) writePair(name string, pair keyPair) error {
	if err := p.write(name+".crt", pair.certificatePEM); err != nil {
		return err
	}
	return p.write(name+".key", pair.keyPEM)
}

func (p *pki) write(name string, data []byte) error {
	return writeFile(p.path(name), data, 0o600)
}

func pemBlock(label string, der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: label, Bytes: der})
}

// newToken is an unguessable bearer token.
func newToken() string {
	var bytes [24]byte
	// crypto/rand.Read never fails: it ends the process instead.
	rand.Read(bytes[:])
	return hex.EncodeToString(bytes[:])
}
