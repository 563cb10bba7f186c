// Sends the request to the EHR's sign-in and says that it waits; without scripts its button does.
document.querySelector("button").hidden = true;
document.getElementById("asked").hidden = false;
document.forms[0].submit();
