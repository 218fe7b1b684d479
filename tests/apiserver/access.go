package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
)

// access.go grants what the users may do, and makes the service account with its in-cluster files.
//
// The service account's token comes from the TokenRequest API: a real JWT signed by the server. There
// is no kubelet to mount it, so the files are laid out as the kubelet would.

const (
	gathererNamespace = "default"
	gathererName      = "gatherer"
	gathererTokenLife = 24 * time.Hour
	// namespaceLimit bounds the wait for namespace "default", which the server makes itself.
	namespaceLimit = 10 * time.Second
)

var (
	readVerbs = []string{"get", "list", "watch"}
	roles     = map[string][]rbacv1.PolicyRule{
		"wagather-restricted": {
			{Verbs: []string{"get", "list"}, APIGroups: []string{"config.openshift.io"}, Resources: []string{"clusteroperators"}},
		},
		"wagather-gatherer": {
			{Verbs: readVerbs, APIGroups: []string{"config.openshift.io"}, Resources: []string{"clusteroperators"}},
			{Verbs: readVerbs, APIGroups: []string{""}, Resources: []string{"pods", "nodes", "namespaces", "events"}},
		},
	}
	subjects = map[string]rbacv1.Subject{
		"wagather-restricted": {Kind: rbacv1.UserKind, APIGroup: rbacv1.GroupName, Name: restrictedUser},
		"wagather-gatherer":   {Kind: rbacv1.ServiceAccountKind, Namespace: gathererNamespace, Name: gathererName},
	}
)

// grantAccess makes roles, bindings and the service account, and returns the account's token.
func grantAccess(ctx context.Context, client kubernetes.Interface) (string, error) {
	for name, rules := range roles {
		role := &rbacv1.ClusterRole{ObjectMeta: metav1.ObjectMeta{Name: name}, Rules: rules}
		if _, err := client.RbacV1().ClusterRoles().Create(ctx, role, metav1.CreateOptions{}); err != nil {
			return "", fmt.Errorf("create ClusterRole %s: %w", name, err)
		}
		binding := &rbacv1.ClusterRoleBinding{
			ObjectMeta: metav1.ObjectMeta{Name: name},
			Subjects:   []rbacv1.Subject{subjects[name]},
			RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: name},
		}
		if _, err := client.RbacV1().ClusterRoleBindings().Create(ctx, binding, metav1.CreateOptions{}); err != nil {
			return "", fmt.Errorf("create ClusterRoleBinding %s: %w", name, err)
		}
	}
	if err := createGatherer(ctx, client); err != nil {
		return "", err
	}
	seconds := int64(gathererTokenLife / time.Second)
	request, err := client.CoreV1().ServiceAccounts(gathererNamespace).CreateToken(ctx, gathererName,
		&authenticationv1.TokenRequest{Spec: authenticationv1.TokenRequestSpec{ExpirationSeconds: &seconds}},
		metav1.CreateOptions{})
	if err != nil {
		return "", fmt.Errorf("request a token for service account %s/%s: %w", gathererNamespace, gathererName, err)
	}
	return request.Status.Token, nil
}

// createGatherer waits for the namespace, which may appear a moment after the server is ready.
func createGatherer(ctx context.Context, client kubernetes.Interface) error {
	account := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Name: gathererName}}
	for deadline := time.Now().Add(namespaceLimit); ; time.Sleep(20 * time.Millisecond) {
		_, err := client.CoreV1().ServiceAccounts(gathererNamespace).Create(ctx, account, metav1.CreateOptions{})
		if err == nil {
			return nil
		}
		if !apierrors.IsNotFound(err) || time.Now().After(deadline) {
			return fmt.Errorf("create service account %s/%s: %w", gathererNamespace, gathererName, err)
		}
	}
}

// writeServiceAccountFiles lays out what a pod finds in /var/run/secrets/kubernetes.io/serviceaccount.
func writeServiceAccountFiles(dir, token string, ca []byte) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("make the folder for the service account: %w", err)
	}
	files := map[string][]byte{"token": []byte(token), "ca.crt": ca, "namespace": []byte(gathererNamespace)}
	for name, data := range files {
		if err := writeFile(filepath.Join(dir, name), data, 0o600); err != nil {
			return err
		}
	}
	return nil
}
