;; unusable: an import of another version of the ABI
;; attacks: none
;; says: it is built for ABI version 2 (it imports 'wagather_v2.log'); this host supports version 1
(module
  (import "wagather_v2" "log" (func (param i32 i32 i32) (result i32)))
  (@custom "wagather.manifest" "gatherer 1 import-v2 0\n")
  (memory (export "memory") 1)
  (func (export "gather") (result i32) (i32.const 0)))
