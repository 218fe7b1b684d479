;; unusable: an import of another system
;; attacks: none
;; says: it imports 'wasi_snapshot_preview1.fd_write', which this host does not have; gatherers import only from 'wagather_v1'
(module
  (import "wasi_snapshot_preview1" "fd_write" (func (param i32 i32 i32 i32) (result i32)))
  (@custom "wagather.manifest" "gatherer 1 import-wasi 0\n")
  (memory (export "memory") 1)
  (func (export "gather") (result i32) (i32.const 0)))
