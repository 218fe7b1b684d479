;; returns 0: what another gatherer of the run pipes whole is piped first with next to nothing in it
;; attacks: archive_pipe
(module
  (import "wagather_v1" "rest_start" (func $rest_start (param i32) (result i32)))
  (import "wagather_v1" "archive_pipe" (func $archive_pipe (param i32 i32 i32) (result i32)))
  (@custom "wagather.manifest" "gatherer 1 pipes-less 0\nresource list config.openshift.io/v1/clusteroperators * metadata(name)\n")
  (memory (export "memory") 1)
  (data (i32.const 256) "v1" "clusteroperators" "config.openshift.io")
  (data (i32.const 0) "\02\00\00\00" "\00\00\00\00" "\00\01\00\00" "\02\00\00\00" "\02\01\00\00" "\10\00\00\00" "\12\01\00\00" "\13\00\00\00")
  (func (export "gather") (result i32)
    (i32.ne (call $archive_pipe (call $rest_start (i32.const 0)) (i32.const 0) (i32.const 0)) (i32.const 3))))
