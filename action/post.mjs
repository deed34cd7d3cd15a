// The end of the job: the program that the main part found revokes and reports.
import { post } from './shim.mjs';

await post();
