package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
)

// kubeconfigs.go writes one kubeconfig per way of logging in, good and bad.
//
// They are written by client-go, so their shape is what kubectl writes. Paths in them are relative to
// the file, as kubeconfig allows. Each has one cluster, one user and one context.

// kubeconfig is one file: how to reach the server and who to be.
type kubeconfig struct {
	name    string
	cluster clientcmdapi.Cluster
	user    clientcmdapi.AuthInfo
}

// kubeconfigSet is everything that the files refer to.
type kubeconfigSet struct {
	dir, server string
	pki         *pki
	tokens      map[string]string
}

func (s kubeconfigSet) files() []kubeconfig {
	trusted := clientcmdapi.Cluster{Server: s.server, CertificateAuthorityData: s.pki.servingCA}
	admin := clientcmdapi.AuthInfo{Token: s.tokens[adminUser]}
	with := func(change func(*clientcmdapi.Cluster)) clientcmdapi.Cluster {
		cluster := trusted
		change(&cluster)
		return cluster
	}
	return []kubeconfig{
		{"token.yaml", trusted, admin},
		{"restricted.yaml", trusted, clientcmdapi.AuthInfo{Token: s.tokens[restrictedUser]}},
		{"nobody.yaml", trusted, clientcmdapi.AuthInfo{Token: s.tokens[nobodyUser]}},
		{"bogus-token.yaml", trusted, clientcmdapi.AuthInfo{Token: "not-a-token-of-this-server"}},
		{"anonymous.yaml", trusted, clientcmdapi.AuthInfo{}},
		{"token-file.yaml", trusted, clientcmdapi.AuthInfo{TokenFile: "../tokens/admin.token"}},
		{"client-cert.yaml", trusted, clientcmdapi.AuthInfo{
			ClientCertificateData: s.pki.clients[adminUser].certificatePEM,
			ClientKeyData:         s.pki.clients[adminUser].keyPEM,
		}},
		{"client-cert-files.yaml",
			clientcmdapi.Cluster{Server: s.server, CertificateAuthority: "../pki/ca.crt"},
			clientcmdapi.AuthInfo{ClientCertificate: "../pki/admin.crt", ClientKey: "../pki/admin.key"}},
		{"restricted-cert.yaml", trusted, clientcmdapi.AuthInfo{
			ClientCertificateData: s.pki.clients[restrictedUser].certificatePEM,
			ClientKeyData:         s.pki.clients[restrictedUser].keyPEM,
		}},
		{"exec.yaml", trusted, clientcmdapi.AuthInfo{Exec: &clientcmdapi.ExecConfig{
			APIVersion:      "client.authentication.k8s.io/v1",
			Command:         "./" + execTokenScript,
			Args:            []string{"--audience", "wagather test"},
			Env:             []clientcmdapi.ExecEnvVar{{Name: "WAGATHER_EXEC", Value: "yes"}},
			InteractiveMode: clientcmdapi.NeverExecInteractiveMode,
			InstallHint:     "the script is written beside this file at each start",
		}}},
		{"exec-cert.yaml", trusted, clientcmdapi.AuthInfo{Exec: &clientcmdapi.ExecConfig{
			APIVersion:      "client.authentication.k8s.io/v1beta1",
			Command:         "./" + execCertScript,
			InteractiveMode: clientcmdapi.IfAvailableExecInteractiveMode,
		}}},
		{"wrong-ca.yaml", clientcmdapi.Cluster{Server: s.server, CertificateAuthorityData: s.pki.wrongCA}, admin},
		{"tls-server-name.yaml", with(func(c *clientcmdapi.Cluster) { c.TLSServerName = tlsServerName }), admin},
		{"wrong-server-name.yaml", with(func(c *clientcmdapi.Cluster) { c.TLSServerName = "wrong.wagather.test" }), admin},
		{"insecure.yaml", clientcmdapi.Cluster{Server: s.server, InsecureSkipTLSVerify: true}, admin},
		{"impersonate.yaml", trusted, clientcmdapi.AuthInfo{Token: s.tokens[adminUser], Impersonate: restrictedUser}},
	}
}

// write writes all files and the scripts that the exec ones call.
func (s kubeconfigSet) write() error {
	if err := os.MkdirAll(s.dir, 0o700); err != nil {
		return fmt.Errorf("make the folder for kubeconfigs: %w", err)
	}
	for _, file := range s.files() {
		config := clientcmdapi.NewConfig()
		config.Clusters["wagather-test"] = &file.cluster
		config.AuthInfos["user"] = &file.user
		config.Contexts["test"] = &clientcmdapi.Context{Cluster: "wagather-test", AuthInfo: "user", Namespace: "default"}
		config.CurrentContext = "test"
		yaml, err := clientcmd.Write(*config)
		if err != nil {
			return fmt.Errorf("encode kubeconfig %s: %w", file.name, err)
		}
		if err := writeFile(filepath.Join(s.dir, file.name), yaml, 0o600); err != nil {
			return err
		}
	}
	return s.writeExecScripts()
}

const (
	execTokenScript = "exec-token.sh"
	execCertScript  = "exec-cert.sh"
)

// writeExecScripts writes the credential plugins. The token one insists on the arguments and the
// environment of exec.yaml, so a caller that drops them fails.
func (s kubeconfigSet) writeExecScripts() error {
	token, err := execCredential("client.authentication.k8s.io/v1", map[string]string{
		"token":               s.tokens[adminUser],
		"expirationTimestamp": "2099-12-31T23:59:59Z",
	})
	if err != nil {
		return err
	}
	certificate, err := execCredential("client.authentication.k8s.io/v1beta1", map[string]string{
		"clientCertificateData": string(s.pki.clients[adminUser].certificatePEM),
		"clientKeyData":         string(s.pki.clients[adminUser].keyPEM),
	})
	if err != nil {
		return err
	}
	guard := `if [ "$WAGATHER_EXEC" != yes ] || [ "$1" != --audience ] || [ "$2" != "wagather test" ]; then
	echo "exec-token.sh: run me with the args and env of exec.yaml" >&2
	exit 3
fi
`
	if err := s.writeScript(execTokenScript, guard, token); err != nil {
		return err
	}
	return s.writeScript(execCertScript, "", certificate)
}

func (s kubeconfigSet) writeScript(name, guard, output string) error {
	script := "#!/bin/sh\n" + guard + "cat <<'CREDENTIAL'\n" + output + "\nCREDENTIAL\n"
	return writeFile(filepath.Join(s.dir, name), []byte(script), 0o700)
}

func execCredential(apiVersion string, status map[string]string) (string, error) {
	credential, err := json.Marshal(map[string]any{"apiVersion": apiVersion, "kind": "ExecCredential", "status": status})
	if err != nil {
		return "", fmt.Errorf("encode an ExecCredential %s: %w", apiVersion, err)
	}
	return string(credential), nil
}
