package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// users.go is the list of who may log in, and the token file that kube-apiserver reads.
//
// What each may do is not here but in access.go (RBAC), except for admin: system:masters may do
// everything, impersonate included, with no role at all.

// user is an identity that the server knows by a token and, if certificate is set, by a client certificate.
type user struct {
	name        string
	groups      []string
	certificate bool
	keyEncoding keyEncoding
}

const (
	adminUser      = "admin"
	restrictedUser = "restricted"
	nobodyUser     = "nobody"
)

var users = []user{
	{name: adminUser, groups: []string{"system:masters"}, certificate: true, keyEncoding: sec1},
	{name: restrictedUser, certificate: true, keyEncoding: pkcs8},
	{name: nobodyUser},
}

// writeTokens makes one token per user. It writes each to its own file (what a kubeconfig's `tokenFile`
// points to) and all to the CSV file for --token-auth-file, whose path it returns.
func writeTokens(dir string) (tokens map[string]string, tokenAuthFile string, err error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, "", fmt.Errorf("make the folder for tokens: %w", err)
	}
	tokens = map[string]string{}
	var csv strings.Builder
	for _, user := range users {
		token := newToken()
		tokens[user.name] = token
		fmt.Fprintf(&csv, "%s,%s,uid-%s,%q\n", token, user.name, user.name, strings.Join(user.groups, ","))
		if err := writeFile(tokenPath(dir, user.name), []byte(token), 0o600); err != nil {
			return nil, "", err
		}
	}
	tokenAuthFile = filepath.Join(dir, "tokens.csv")
	return tokens, tokenAuthFile, writeFile(tokenAuthFile, []byte(csv.String()), 0o600)
}

func tokenPath(dir, user string) string { return filepath.Join(dir, user+".token") }
