;; unusable: a module that starts with more memory than the run gives
;; attacks: none
;; options: --memory 64Ki
;; says: it starts with 128 KiB of memory; this run gives 64 KiB (--memory)
(module
  (@custom "wagather.manifest" "gatherer 1 memory-too-large 0\n")
  (memory (export "memory") 2)
  (func (export "gather") (result i32) (i32.const 0)))
