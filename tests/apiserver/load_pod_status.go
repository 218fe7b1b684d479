package main

import (
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

// load_pod_status.go decides how a pod is doing, and makes the status that a kubelet would report.
//
// The states repeat every statePeriod pods, so that any hundred pods hold some of each. A pod's state
// is also its label wagather.test/state, for tests that check what a gatherer found.

// podCondition names a state; it is a label's value.
type podCondition string

const (
	stateRunning       podCondition = "running"
	stateCrashLoop     podCondition = "crash-loop"
	stateImagePull     podCondition = "image-pull-back-off"
	stateUnschedulable podCondition = "unschedulable"
	stateOOMKilled     podCondition = "oom-killed"
	stateNotReady      podCondition = "not-ready"
	stateSucceeded     podCondition = "succeeded"
	stateEvicted       podCondition = "evicted"
)

const statePeriod = 40

// troubledPods: position in the period → state. warningEvents is about the first five.
var troubledPods = map[int]podCondition{
	1: stateCrashLoop, 2: stateImagePull, 3: stateUnschedulable, 4: stateOOMKilled, 5: stateNotReady,
	12: stateSucceeded, 13: stateSucceeded, 21: stateEvicted, 29: stateCrashLoop, 33: stateSucceeded,
}

func podState(index int) podCondition {
	if state, troubled := troubledPods[index%statePeriod]; troubled {
		return state
	}
	return stateRunning
}

func podAddress(index int) string {
	return fmt.Sprintf("10.128.%d.%d", index/250%256, 2+index%250)
}

func macOf(index int) string {
	return fmt.Sprintf("0a:80:%02x:%02x", index/256%256, index%256)
}

func uidOf(kind string) types.UID {
	hash := hexOf(kind, 0, 32)
	return types.UID(fmt.Sprintf("%s-%s-%s-%s-%s", hash[:8], hash[8:12], hash[12:16], hash[16:20], hash[20:]))
}

// podStatus is the status of the pod with this index, whose spec is complete.
func podStatus(index int, object *corev1.Pod) corev1.PodStatus {
	state := podState(index)
	began := metav1.NewTime(epoch.Add(time.Duration(index%1440) * time.Minute))
	status := corev1.PodStatus{Phase: corev1.PodRunning, QOSClass: corev1.PodQOSBurstable, StartTime: &began}
	ready := corev1.ConditionTrue
	switch state {
	case stateUnschedulable:
		status.Phase, status.StartTime = corev1.PodPending, nil
		status.Conditions = []corev1.PodCondition{{
			Type: corev1.PodScheduled, Status: corev1.ConditionFalse, Reason: corev1.PodReasonUnschedulable,
			Message: "0/6 nodes are available: 6 Insufficient memory.", LastTransitionTime: began,
		}}
		return status
	case stateEvicted:
		status.Phase, status.Reason = corev1.PodFailed, "Evicted"
		status.Message = "The node was low on resource: ephemeral-storage. Threshold quantity: 10%, available: 9%."
		return status
	case stateImagePull:
		status.Phase, ready = corev1.PodPending, corev1.ConditionFalse
	case stateSucceeded:
		status.Phase, ready = corev1.PodSucceeded, corev1.ConditionFalse
	case stateCrashLoop, stateNotReady:
		ready = corev1.ConditionFalse
	}
	status.HostIP = kubeletAddress
	status.HostIPs = []corev1.HostIP{{IP: status.HostIP}}
	status.PodIP = podAddress(index)
	status.PodIPs = []corev1.PodIP{{IP: status.PodIP}}
	reason := ""
	if ready != corev1.ConditionTrue {
		reason = "ContainersNotReady"
	}
	condition := func(kind corev1.PodConditionType, status corev1.ConditionStatus, reason string) corev1.PodCondition {
		return corev1.PodCondition{Type: kind, Status: status, Reason: reason, LastTransitionTime: began}
	}
	status.Conditions = []corev1.PodCondition{
		condition(corev1.PodReadyToStartContainers, corev1.ConditionTrue, ""),
		condition(corev1.PodInitialized, corev1.ConditionTrue, ""),
		condition(corev1.PodReady, ready, reason),
		condition(corev1.ContainersReady, ready, reason),
		condition(corev1.PodScheduled, corev1.ConditionTrue, ""),
	}
	for _, container := range object.Spec.InitContainers {
		status.InitContainerStatuses = append(status.InitContainerStatuses, endedStatus(container, index, began))
	}
	for position, container := range object.Spec.Containers {
		status.ContainerStatuses = append(status.ContainerStatuses, containerStatus(index, position, container, began))
	}
	return status
}

// logsLost is no annotation: the runtime has forgotten the last container, so there is no log at all.
const logsLost = "lost"

// podLogs is what is special about the logs of a pod. The first sixty pods have none, since the shipped
// recording holds them as they are.
func podLogs(index int) string {
	if index < 60 || index%statePeriod != 1 {
		return ""
	}
	behaviours := map[int]string{2: logsSlow, 3: logsLarge, 4: logsBroken, 5: logsNoPrevious, 6: logsLost}
	return behaviours[index/statePeriod%10]
}

// isTroubled is whether it is this container of a troubled pod: the first, and in a crash-looping pod of
// three the second as well.
func isTroubled(index, position int) bool {
	return position == 0 || position == 1 && podState(index) == stateCrashLoop && len(podWorkload(index).containers) == 3
}

// containerStatus is one container's.
func containerStatus(index, position int, container corev1.Container, began metav1.Time) corev1.ContainerStatus {
	state := podState(index)
	id := fmt.Sprintf("cri-o://%s", hexOf("container/"+container.Name, index, 64))
	running := true
	status := corev1.ContainerStatus{
		Name: container.Name, Image: container.Image, ImageID: imageID(container.Image, index), ContainerID: id,
		Ready: true, Started: &running,
		State: corev1.ContainerState{Running: &corev1.ContainerStateRunning{StartedAt: began}},
	}
	ended := func(code int32, reason string) *corev1.ContainerStateTerminated {
		return &corev1.ContainerStateTerminated{
			ExitCode: code, Reason: reason, ContainerID: id,
			StartedAt: began, FinishedAt: metav1.NewTime(began.Add(90 * time.Second)),
		}
	}
	waiting := func(reason, message string) {
		stopped := false
		status.Ready, status.Started = false, &stopped
		status.State = corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: reason, Message: message}}
	}
	if state == stateSucceeded {
		stopped := false
		status.Ready, status.Started = false, &stopped
		status.State = corev1.ContainerState{Terminated: ended(0, "Completed")}
		return status
	}
	if !isTroubled(index, position) {
		return status
	}
	switch state {
	case stateCrashLoop:
		waiting("CrashLoopBackOff", "back-off 5m0s restarting failed container="+container.Name)
		status.RestartCount = int32(5 + index%300)
		status.RestartCount += int32(position)
		status.LastTerminationState = corev1.ContainerState{Terminated: ended(1, "Error")}
		if podLogs(index) == logsLost {
			status.LastTerminationState.Terminated.ContainerID = ""
		}
	case stateImagePull:
		waiting("ImagePullBackOff", "Back-off pulling image \""+container.Image+"\": not found")
		status.ContainerID, status.ImageID = "", ""
	case stateOOMKilled:
		status.RestartCount = int32(1 + index%9)
		status.LastTerminationState = corev1.ContainerState{Terminated: ended(137, "OOMKilled")}
	case stateNotReady:
		status.Ready = false
	}
	return status
}
