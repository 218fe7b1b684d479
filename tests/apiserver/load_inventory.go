package main

import (
	"context"
	"fmt"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// load_inventory.go makes what inventories are about: nodes in trouble, warnings by the hundred, workloads of
// five kinds, and pods with init and ephemeral containers whose images have more than one digest.
//
// Like all test objects they are functions of an index. What is odd about them is what real clusters have.

const (
	debugImage = "registry.wagather.test/tools/debug:v3"
	initImage  = "registry.wagather.test/tools/init:v3"
)

// debuggedPods are the indices of pods that somebody put an ephemeral container into.
var debuggedPods = []int{7, 8, 57}

// troubleNode gives a node what a plain one lacks: taints, a cordon, pressure, odd quantities.
func troubleNode(index int, node *corev1.Node) {
	since := metav1.NewTime(epoch.Add(time.Duration(index) * time.Hour))
	taint := func(key string, effect corev1.TaintEffect) {
		node.Spec.Taints = append(node.Spec.Taints, corev1.Taint{Key: key, Effect: effect})
	}
	pressure := func(kind corev1.NodeConditionType, reason, message string) {
		for at := range node.Status.Conditions {
			if condition := &node.Status.Conditions[at]; condition.Type == kind {
				condition.Status, condition.Reason, condition.Message = corev1.ConditionTrue, reason, message
				condition.LastTransitionTime = since
			}
		}
	}
	if index < 3 {
		taint("node-role.kubernetes.io/control-plane", corev1.TaintEffectNoSchedule)
	}
	switch index % 10 {
	case 1:
		node.Labels["node-role.kubernetes.io/infra"] = ""
		node.Spec.Taints = append(node.Spec.Taints, corev1.Taint{Key: "dedicated", Value: "infra", Effect: corev1.TaintEffectNoExecute})
	case 2:
		// Older than the others, and its kubelet counts in kibibytes.
		node.Status.NodeInfo.KubeletVersion, node.Status.NodeInfo.OSImage = "v1.35.4", "Edge Linux 9"
		node.Status.Capacity[corev1.ResourceMemory] = resource.MustParse("32874512Ki")
	case 3:
		node.Spec.Unschedulable = true
		taint(corev1.TaintNodeUnschedulable, corev1.TaintEffectNoSchedule)
	case 4:
		// What is left when a percentage is reserved: Kubernetes writes it in thousandths of a byte.
		node.Status.Allocatable[corev1.ResourceMemory] = resource.MustParse("33151778816100m")
		taint(corev1.TaintNodeUnreachable, corev1.TaintEffectNoExecute)
	case 5:
		pressure(corev1.NodeDiskPressure, "KubeletHasDiskPressure", "kubelet has disk pressure: „/var“ is at 97 %")
		taint(corev1.TaintNodeDiskPressure, corev1.TaintEffectNoSchedule)
	case 7:
		node.Status.Capacity["nvidia.com/gpu"] = resource.MustParse("2")
	case 8:
		pressure(corev1.NodeMemoryPressure, "KubeletHasInsufficientMemory", "kubelet has insufficient memory available")
		pressure(corev1.NodePIDPressure, "KubeletHasInsufficientPID", "kubelet has insufficient PID available")
		node.Status.Conditions = append(node.Status.Conditions, corev1.NodeCondition{
			Type: "ReadonlyFilesystem", Status: corev1.ConditionTrue, Reason: "FilesystemIsReadOnly",
			Message: "EXT4-fs (sda1): Remounting filesystem read-only", LastHeartbeatTime: since, LastTransitionTime: since,
		})
	}
}

// imageID is what a runtime reports; it does not say it in one way, and a tag has moved between two pulls.
func imageID(image string, index int) string {
	repository := image
	if colon := len(image) - len(":v1.7.3"); colon > 0 {
		repository = image[:colon]
	}
	switch {
	case index%40 == 17:
		return repository + "@sha256:" + hexOf(image, 1, 64)
	case index%2 == 1:
		return "docker-pullable://" + repository + "@sha256:" + hexOf(image, 0, 64)
	default:
		return "sha256:" + hexOf(image, 0, 64)
	}
}

// initContainers are those of the workload that needs its store prepared.
func initContainers(workload string) []corev1.Container {
	if workload != "store" {
		return nil
	}
	return []corev1.Container{{Name: "prepare", Image: initImage, Command: []string{"/usr/bin/prepare"}}}
}

func endedStatus(container corev1.Container, index int, began metav1.Time) corev1.ContainerStatus {
	id := "cri-o://" + hexOf("container/"+container.Name, index, 64)
	return corev1.ContainerStatus{
		Name: container.Name, Image: container.Image, ImageID: imageID(container.Image, index), ContainerID: id, Ready: true,
		State: corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{
			Reason: "Completed", ContainerID: id, StartedAt: began, FinishedAt: metav1.NewTime(began.Add(9 * time.Second)),
		}},
	}
}

// applyEphemeralContainers puts them into pods that exist, as kubectl debug does.
func (l *loader) applyEphemeralContainers(ctx context.Context) error {
	for _, index := range debuggedPods {
		if index >= l.sizes.pods {
			continue
		}
		planned := pod(index, l.sizes.nodes)
		client := l.kubernetes.CoreV1().Pods(planned.Namespace)
		stored, err := client.Get(ctx, planned.Name, metav1.GetOptions{})
		if err != nil {
			return fmt.Errorf("get %s: %w", planned.Name, err)
		}
		if len(stored.Spec.EphemeralContainers) == 0 {
			stored.Spec.EphemeralContainers = []corev1.EphemeralContainer{{EphemeralContainerCommon: corev1.EphemeralContainerCommon{
				Name: "debugger", Image: debugImage, ImagePullPolicy: corev1.PullIfNotPresent,
			}}}
			if stored, err = client.UpdateEphemeralContainers(ctx, planned.Name, stored, metav1.UpdateOptions{FieldManager: creator}); err != nil {
				return fmt.Errorf("put an ephemeral container into %s: %w", planned.Name, err)
			}
		}
		stored.Status.EphemeralContainerStatuses = []corev1.ContainerStatus{
			endedStatus(corev1.Container{Name: "debugger", Image: debugImage}, index, metav1.NewTime(epoch)),
		}
		if _, err := client.UpdateStatus(ctx, stored, metav1.UpdateOptions{FieldManager: statusWriter}); err != nil {
			return fmt.Errorf("set the status of %s: %w", planned.Name, err)
		}
	}
	return nil
}

// applyEvents makes events beside those of warningEvents. Every fourth is written as a scheduler does, through
// events.k8s.io; every seventh is no warning.
func (l *loader) applyEvents(ctx context.Context) error {
	return l.each(ctx, l.sizes.events, func(ctx context.Context, index int) error {
		options, err := metav1.CreateOptions{FieldManager: creator}, error(nil)
		if index%4 == 3 {
			event := seriesEvent(index)
			_, err = l.kubernetes.EventsV1().Events(event.Namespace).Create(ctx, event, options)
		} else {
			event := countedEvent(index)
			_, err = l.kubernetes.CoreV1().Events(event.Namespace).Create(ctx, event, options)
		}
		if ignoreExisting(err) != nil {
			return fmt.Errorf("create event %d: %w", index, err)
		}
		return nil
	})
}

var eventReasons = []struct{ kind, reason, message string }{
	{"Pod", "BackOff", "Back-off restarting failed container main in pod %s"},
	{"Pod", "Unhealthy", "Liveness probe failed: dial tcp 10.128.0.7:8080: connect: connection refused (%s)"},
	{"Node", "NodeNotReady", "Node %s status is now: NodeNotReady"},
	{"PersistentVolumeClaim", "ProvisioningFailed", "storageclass \"fast\" not found – „%s“"},
	{"Job", "BackoffLimitExceeded", "Job %s has reached the specified backoff limit"},
}

// eventAbout says what event N is about; a pod has several events, a node few. Objects without a namespace have theirs in default.
func eventAbout(index int) (object corev1.ObjectReference, namespace, reason, message string) {
	what := eventReasons[index*index%11%len(eventReasons)]
	namespace = podNamespaces[index%len(podNamespaces)]
	object = corev1.ObjectReference{APIVersion: "v1", Kind: what.kind, Namespace: namespace, Name: fmt.Sprintf("thing-%d", index%23)}
	switch what.kind {
	case "Node":
		object.Name, object.Namespace, namespace = nodeName(index%6), "", "default"
	case "Pod":
		object.Name = pod(index%40, 1).Name
		object.Namespace = podNamespaces[index%40%len(podNamespaces)]
		namespace = object.Namespace
	}
	return object, namespace, what.reason, fmt.Sprintf(what.message, object.Name)
}

func eventType(index int) string {
	if index%7 == 6 {
		return corev1.EventTypeNormal
	}
	return corev1.EventTypeWarning
}

func eventName(object corev1.ObjectReference, index int) string {
	return fmt.Sprintf("%s.%016x", object.Name, 0x17d2000000+index)
}

func countedEvent(index int) *corev1.Event {
	object, namespace, reason, message := eventAbout(index)
	first := epoch.Add(time.Duration(index*37%1440) * time.Minute)
	event := &corev1.Event{
		ObjectMeta:     metav1.ObjectMeta{Name: eventName(object, index), Namespace: namespace},
		InvolvedObject: object, Type: eventType(index), Reason: reason, Message: message,
		Source:         corev1.EventSource{Component: "kubelet", Host: nodeName(index % 6)},
		FirstTimestamp: metav1.NewTime(first), LastTimestamp: metav1.NewTime(first.Add(time.Duration(index%90) * time.Minute)),
		Count: int32(1 + index*index%53),
	}
	if index >= 24 && index%12 == 5 {
		// Some controllers neither count nor say when. None of the first, so that what is recorded of those has no clock.
		event.Count, event.FirstTimestamp, event.LastTimestamp = 0, metav1.Time{}, metav1.Time{}
	}
	return event
}

func seriesEvent(index int) *eventsv1.Event {
	object, namespace, reason, message := eventAbout(index)
	first := epoch.Add(time.Duration(index*37%1440)*time.Minute + 123456*time.Microsecond)
	event := &eventsv1.Event{
		ObjectMeta: metav1.ObjectMeta{Name: eventName(object, index), Namespace: namespace},
		EventTime:  metav1.NewMicroTime(first), Type: eventType(index), Reason: reason, Note: message, Action: "Binding",
		ReportingController: "default-scheduler", ReportingInstance: "default-scheduler-0", Regarding: object,
	}
	if index%8 == 7 {
		last := metav1.NewMicroTime(first.Add(time.Duration(index) * time.Second))
		event.Series = &eventsv1.EventSeries{Count: int32(2 + index%19), LastObservedTime: last}
	}
	return event
}

// applyWorkloads makes workloads of five kinds in turn. Two thirds have the images of pods; the others are asleep,
// and nothing runs their images.
func (l *loader) applyWorkloads(ctx context.Context) error {
	return l.each(ctx, l.sizes.workloads, func(ctx context.Context, index int) error {
		namespace, options := podNamespaces[index/5%len(podNamespaces)], metav1.CreateOptions{FieldManager: creator}
		work := workloads[index%len(workloads)]
		meta := metav1.ObjectMeta{Name: fmt.Sprintf("%s-%d", work.name, index), Namespace: namespace}
		replicas, isAsleep := int32(2), index%3 == 2
		labels := map[string]string{"app.kubernetes.io/name": meta.Name}
		template := corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: labels}}
		template.Spec.InitContainers = initContainers(work.name)
		for position, name := range work.containers {
			template.Spec.Containers = append(template.Spec.Containers, podContainer(index, position, work.name, name))
		}
		template.Spec.Volumes = []corev1.Volume{{Name: "config", VolumeSource: corev1.VolumeSource{EmptyDir: &corev1.EmptyDirVolumeSource{}}}}
		if isAsleep {
			replicas = 0
			template.Spec.Containers[0].Image = fmt.Sprintf("registry.wagather.test/%s/main:v0.%d", work.name, index%4)
		}
		selector := &metav1.LabelSelector{MatchLabels: labels}
		job := batchv1.JobSpec{Template: *template.DeepCopy(), Suspend: &isAsleep}
		job.Template.Spec.RestartPolicy = corev1.RestartPolicyNever
		apps, batch, err := l.kubernetes.AppsV1(), l.kubernetes.BatchV1(), error(nil)
		switch index % 5 {
		case 0:
			_, err = apps.Deployments(namespace).Create(ctx, &appsv1.Deployment{ObjectMeta: meta,
				Spec: appsv1.DeploymentSpec{Replicas: &replicas, Selector: selector, Template: template}}, options)
		case 1:
			_, err = apps.StatefulSets(namespace).Create(ctx, &appsv1.StatefulSet{ObjectMeta: meta,
				Spec: appsv1.StatefulSetSpec{Replicas: &replicas, Selector: selector, Template: template, ServiceName: work.name}}, options)
		case 2:
			_, err = apps.DaemonSets(namespace).Create(ctx, &appsv1.DaemonSet{ObjectMeta: meta,
				Spec: appsv1.DaemonSetSpec{Selector: selector, Template: template}}, options)
		case 3:
			_, err = batch.Jobs(namespace).Create(ctx, &batchv1.Job{ObjectMeta: meta, Spec: job}, options)
		case 4:
			_, err = batch.CronJobs(namespace).Create(ctx, &batchv1.CronJob{ObjectMeta: meta,
				Spec: batchv1.CronJobSpec{Schedule: "0 3 * * *", Suspend: &isAsleep, JobTemplate: batchv1.JobTemplateSpec{Spec: job}}}, options)
		}
		if ignoreExisting(err) != nil {
			return fmt.Errorf("create workload %s: %w", meta.Name, err)
		}
		return nil
	})
}
